/** From a server's URL to its authorization server: DSC-01, DSC-05, ASM-06, ASM-09, BIND-06, R28-07, T-02. */
import { describe, expect, it } from "vitest";
import { type DiscoveryInput, discover, discoverProvider } from "../../../src/oauth/discovery/discover.ts";
import { failureOf } from "../../support/failure.ts";
import { type Page, published, serverMetadata } from "../../support/published.ts";

const serverUrl = "https://mcp.example/mcp";
const resourceUrl = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
const issuer = "https://as.example";
const place = (of: string) => `${of}/.well-known/oauth-authorization-server`;
const about = (more: object = {}) => ({ resource: serverUrl, authorization_servers: [issuer], ...more });

const input = (more: Partial<DiscoveryInput> = {}): DiscoveryInput => ({
  serverUrl,
  challenge: undefined,
  issuer: undefined,
  resource: undefined,
  oauthProvider: undefined,
  legacyDiscovery: false,
  allowInsecure: false,
  ...more,
});

async function found(pages: Record<string, Page>, more?: Partial<DiscoveryInput>) {
  const context = published(pages);
  return { ...context, discovery: await discover(input(more), context) };
}

async function failed(pages: Record<string, Page>, more?: Partial<DiscoveryInput>) {
  const context = published(pages);
  return { ...context, failure: await failureOf(discover(input(more), context)) };
}

const usual = { [resourceUrl]: about(), [place(issuer)]: serverMetadata(issuer) };

describe("discover", () => {
  it("finds the resource, its authorization server and its scopes", async () => {
    const { discovery, asked } = await found({ ...usual, [resourceUrl]: about({ scopes_supported: ["a", "b"] }) });
    expect(discovery).toEqual({
      resource: serverUrl,
      issuer,
      server: serverMetadata(issuer),
      scopesSupported: ["a", "b"],
      metadataUrl: resourceUrl,
    });
    expect(asked).toEqual([resourceUrl, place(issuer)]);
  });

  it("survives JSON, since it is kept", async () => {
    const { discovery } = await found(usual);
    expect(JSON.parse(JSON.stringify(discovery))).toEqual(discovery);
  });

  it("says whether the resource takes nothing but bound tokens (R28-07)", async () => {
    const required = async (value: unknown) =>
      (await found({ ...usual, [resourceUrl]: about({ dpop_bound_access_tokens_required: value }) })).discovery
        .dpopRequired;
    expect(await required(true)).toBe(true);
    expect(await required(false)).toBeUndefined();
    expect(await required("yes")).toBeUndefined();
  });

  it("sends the resource as configured before all, as published, or else as the server is named (T-02)", async () => {
    const published = { ...usual, [resourceUrl]: about({ resource: "https://mcp.example/" }) };
    expect((await found(published)).discovery.resource).toBe("https://mcp.example/");
    expect((await found(published, { resource: "https://mcp.example/mcp/" })).discovery.resource).toBe(
      "https://mcp.example/mcp/",
    );
    const none = { [place(issuer)]: serverMetadata(issuer) };
    expect((await found(none, { issuer })).discovery.resource).toBe(serverUrl);
  });

  it("takes a document for a configured resource of another origin", async () => {
    const resource = "api://of-the-company";
    const { discovery } = await found({ ...usual, [resourceUrl]: about({ resource }) }, { resource });
    expect(discovery.resource).toBe(resource);
  });

  describe("with several authorization servers (DSC-05)", () => {
    const [one, two, three] = ["https://one.example", "https://two.example", "https://three.example"];
    const several = about({ authorization_servers: [one, two, three] });

    it("uses the first that can be used", async () => {
      const { discovery, asked } = await found({
        [resourceUrl]: several,
        [place(two)]: serverMetadata(two),
        [place(three)]: serverMetadata(three),
      });
      expect(discovery.issuer).toBe(two);
      expect(asked).toEqual([resourceUrl, place(one), `${one}/.well-known/openid-configuration`, place(two)]);
    });

    it("uses the configured one, and asks no other", async () => {
      const pages = {
        [resourceUrl]: several,
        [place(one)]: serverMetadata(one),
        [place(three)]: serverMetadata(three),
      };
      const { discovery, asked } = await found(pages, { issuer: three });
      expect(discovery.issuer).toBe(three);
      expect(asked).toEqual([resourceUrl, place(three)]);
    });

    it.each(["https://four.example", `${one}/`, "https://ONE.example"])(
      "refuses the configured %s, which is not among them (BIND-06, T-03)",
      async (configured) => {
        const { failure, asked } = await failed(
          { [resourceUrl]: several, [place(configured)]: serverMetadata(configured) },
          { issuer: configured },
        );
        expect(failure.code).toBe("issuer_mismatch");
        for (const each of [one, two, three, configured]) expect(failure.message).toContain(JSON.stringify(each));
        expect(asked).toEqual([resourceUrl]);
      },
    );

    it("asks each once, and not all of a long list", async () => {
      const many = Array.from({ length: 1000 }, (_, index) => `https://as${index}.example`);
      const { asked, failure } = await failed({
        [resourceUrl]: about({ authorization_servers: [one, one, ...many] }),
      });
      expect(asked.filter((url) => url === place(one))).toHaveLength(1);
      expect(asked.length).toBeLessThan(30);
      expect(failure.code).toBe("discovery_failed");
    });
  });

  describe("with a configured issuer", () => {
    it("needs no metadata of the resource (DSC-02, 3)", async () => {
      const { discovery } = await found({ [place(issuer)]: serverMetadata(issuer) }, { issuer });
      expect(discovery).toEqual({ resource: serverUrl, issuer, server: serverMetadata(issuer) });
    });

    it("uses it where the metadata names none", async () => {
      const pages = { ...usual, [resourceUrl]: about({ authorization_servers: undefined }) };
      expect((await found(pages, { issuer })).discovery).toMatchObject({ issuer, metadataUrl: resourceUrl });
    });

    it("never falls back to where there has always been one", async () => {
      const { failure } = await failed(
        { [place("https://mcp.example")]: serverMetadata("https://mcp.example") },
        { issuer, legacyDiscovery: true },
      );
      expect(failure.code).toBe("discovery_failed");
    });
  });

  describe("with oauthProvider", () => {
    const oauthProvider = serverMetadata(issuer);

    it("asks no authorization server, and the resource for what it wants", async () => {
      const { discovery, asked } = await found(
        { [resourceUrl]: about({ authorization_servers: ["https://other.example"], scopes_supported: ["a"] }) },
        { oauthProvider },
      );
      expect(discovery).toMatchObject({ issuer, server: oauthProvider, resource: serverUrl, scopesSupported: ["a"] });
      expect(asked).toEqual([resourceUrl]);
    });

    it("asks nobody when the resource is configured too", async () => {
      const challenge = { scheme: "bearer", resourceMetadata: "https://mcp.example/gone" } as const;
      const { discovery, asked } = await found({}, { oauthProvider, resource: "https://mcp.example", challenge });
      expect(discovery).toEqual({ resource: "https://mcp.example", issuer, server: oauthProvider });
      expect(asked).toEqual([]);
    });

    it("takes the issuer beside it", async () => {
      const { issuer: _, ...rest } = oauthProvider;
      expect((await found({}, { oauthProvider: rest, issuer })).discovery).toMatchObject({
        issuer,
        server: { issuer, token_endpoint: `${issuer}/token` },
      });
    });

    it("needs an issuer, and only one", async () => {
      const { issuer: _, ...rest } = oauthProvider;
      expect((await failed({}, { oauthProvider: rest })).failure.code).toBe("config_invalid");
      const { failure } = await failed({}, { oauthProvider, issuer: `${issuer}/` });
      expect(failure.code).toBe("config_conflict");
    });

    it("takes the names of RFC 8414, and says so", async () => {
      for (const half of [{ issuer }, { issuer, tokenEndpoint: `${issuer}/token` }]) {
        const { failure, asked } = await failed({}, { oauthProvider: half });
        expect(failure.code).toBe("config_invalid");
        expect(failure.message).toMatch(/no token_endpoint.*RFC 8414.*authorization_endpoint/);
        expect(asked).toEqual([]);
      }
    });

    it("takes no endpoint that could not be used", async () => {
      const server = { ...oauthProvider, token_endpoint: "http://as.example/token" };
      const { failure, asked } = await failed({}, { oauthProvider: server });
      expect(failure.code).toBe("insecure_url");
      expect(asked).toEqual([]);
    });
  });

  describe("failing", () => {
    it("lists every URL tried with its result (ASM-09)", async () => {
      const tenant = "https://as.example/t1";
      const { failure } = await failed(
        {
          [resourceUrl]: about({ authorization_servers: [tenant] }),
          "https://as.example/.well-known/oauth-authorization-server/t1": serverMetadata("https://evil.example"),
          "https://as.example/t1/.well-known/openid-configuration": new Response("<html></html>"),
        },
        { serverUrl: `${serverUrl}?api_key=s3cr3t`, challenge: { scheme: "bearer", resourceMetadata: resourceUrl } },
      );
      expect(failure.code).toBe("discovery_failed");
      expect(failure.message.split("\n").slice(1)).toEqual([
        '- https://as.example/.well-known/oauth-authorization-server/t1: is for the issuer "https://evil.example", not "https://as.example/t1"',
        "- https://as.example/.well-known/openid-configuration/t1: answered with 404",
        "- https://as.example/t1/.well-known/openid-configuration: is no JSON object",
      ]);
      expect(failure.message).not.toContain("s3cr3t");
    });

    it("says what to set when the server names nothing", async () => {
      const { failure, asked } = await failed({});
      expect(failure.message).toMatch(/`issuer`.*`oauthProvider`.*`legacyDiscovery`/);
      expect(asked).toEqual([resourceUrl, "https://mcp.example/.well-known/oauth-protected-resource"]);
    });

    it("stops at the first issuer that is not safe to ask", async () => {
      const { failure, asked } = await failed({
        ...usual,
        [resourceUrl]: about({ authorization_servers: ["http://as.example", issuer] }),
      });
      expect(failure.code).toBe("insecure_url");
      expect(asked).toEqual([resourceUrl]);
    });
  });
});

describe("discoverProvider", () => {
  const idp = "https://idp.example/oauth2";
  const openid = `${idp}/.well-known/openid-configuration`;
  const rules = { allowInsecure: false };

  it("finds the identity provider's token endpoint", async () => {
    const server = serverMetadata(idp, { token_endpoint_auth_methods_supported: ["client_secret_post"] });
    expect(await discoverProvider(idp, published({ [openid]: server }), rules)).toEqual(server);
  });

  it("lists every URL tried when there is none", async () => {
    const failure = await failureOf(discoverProvider(idp, published({}), rules));
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toContain("`idp.tokenEndpoint`");
    expect(failure.message).toContain(`- ${openid}: answered with 404`);
  });

  it("asks nothing of an issuer that is not safe to ask", async () => {
    expect((await failureOf(discoverProvider("http://idp.example", published({}), rules))).code).toBe("insecure_url");
  });
});
