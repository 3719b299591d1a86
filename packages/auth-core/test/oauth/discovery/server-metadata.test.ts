/** Authorization server metadata: ASM-02 to ASM-09, M14-01, T-03, T-07. */
import { describe, expect, it } from "vitest";
import { SallyportError } from "../../../src/errors.ts";
import { Attempts } from "../../../src/oauth/discovery/attempts.ts";
import {
  checkedMetadata,
  findServerMetadata,
  metadataUrls,
  requirePkce,
} from "../../../src/oauth/discovery/server-metadata.ts";
import { failureOf } from "../../support/failure.ts";
import { type Page, published, serverMetadata } from "../../support/published.ts";

const rules = { allowInsecure: false };
const issuer = "https://as.example/t1";
const [first = "", second = "", third = ""] = metadataUrls(issuer);

async function find(pages: Record<string, Page>, of = issuer) {
  const context = published(pages);
  return { found: await findServerMetadata(of, new Attempts(context), rules), ...context };
}

describe("metadataUrls (ASM-03)", () => {
  it.each([
    // PrefectHQ/fastmcp#2793, mcp-use/mcp-use#1576
    [
      "https://as.example/t1",
      [
        "https://as.example/.well-known/oauth-authorization-server/t1",
        "https://as.example/.well-known/openid-configuration/t1",
        "https://as.example/t1/.well-known/openid-configuration",
      ],
    ],
    [
      "https://as.example/t1/",
      [
        "https://as.example/.well-known/oauth-authorization-server/t1",
        "https://as.example/.well-known/openid-configuration/t1",
        "https://as.example/t1/.well-known/openid-configuration",
      ],
    ],
    [
      "https://as.example",
      [
        "https://as.example/.well-known/oauth-authorization-server",
        "https://as.example/.well-known/openid-configuration",
      ],
    ],
    [
      "https://as.example:8443/",
      [
        "https://as.example:8443/.well-known/oauth-authorization-server",
        "https://as.example:8443/.well-known/openid-configuration",
      ],
    ],
  ])("of %s", (of, urls) => {
    expect(metadataUrls(of)).toEqual(urls);
  });
});

describe("findServerMetadata", () => {
  it.each([0, 1, 2])("finds it at place %i, asking in order and no further (ASM-02, ASM-03)", async (place) => {
    const urls = [first, second, third];
    const pages = Object.fromEntries(urls.slice(place).map((url) => [url, serverMetadata(issuer)]));
    const { found, asked } = await find(pages);
    expect(found).toEqual(serverMetadata(issuer));
    expect(asked).toEqual(urls.slice(0, place + 1));
  });

  it("is nothing when none of the places has it", async () => {
    const { found, asked } = await find({});
    expect(found).toBeUndefined();
    expect(asked).toEqual([first, second, third]);
  });

  it.each([
    `${issuer}/`,
    "https://AS.example/t1",
    "https://as.example:443/t1",
    "https://as.example/%741",
    "https://as.example/x/../t1",
    "https://as.example",
    "https://evil.example/t1",
  ])("uses nothing of a document for %j, and goes on (ASM-06, ASM-09, T-03)", async (named) => {
    const { found, events } = await find({
      [first]: serverMetadata(issuer, { issuer: named }),
      [third]: serverMetadata(issuer, { more: "right" }),
    });
    expect(found?.["more"]).toBe("right");
    expect(events[0]).toMatchObject({ url: first, result: "skipped", status: 200 });
    expect(events[0]?.reason).toMatch(/^is for the issuer ".*", not "https:\/\/as\.example\/t1"$/);
  });

  it("uses a document for an issuer with a slash only when the slash was published", async () => {
    const place = "https://as.example/.well-known/oauth-authorization-server";
    const page = { [place]: serverMetadata("https://as.example/") };
    expect((await find(page, "https://as.example/")).found?.issuer).toBe("https://as.example/");
    expect((await find(page, "https://as.example")).found).toBeUndefined();
  });

  it.each([
    ["a page", new Response("<html></html>")],
    ["no object", new Response("7")],
    ["a list", new Response(JSON.stringify([serverMetadata(issuer)]))],
    ["a server error", new Response(null, { status: 503 })],
    ["no answer", new SallyportError("discovery_failed", "It did not answer.")],
    ["no issuer", serverMetadata(issuer, { issuer: undefined })],
    ["an issuer that is none", serverMetadata(issuer, { issuer: { toString: "x" } })],
    ["an issuer in a list", serverMetadata(issuer, { issuer: [issuer] })],
    ["no token endpoint (M14-01)", serverMetadata(issuer, { token_endpoint: undefined })],
    ["a token endpoint of null", serverMetadata(issuer, { token_endpoint: null })],
  ])("goes on after %s (ASM-09)", async (_, page) => {
    const { found } = await find({ [first]: page, [second]: serverMetadata(issuer) });
    expect(found?.issuer).toBe(issuer);
  });

  it.each(["http://as.example", "ldap://as.example", "javascript:alert(1)", "as.example", "https://u:p@as.example"])(
    "asks nothing of the issuer %s (SSR-02, URL-02)",
    async (of) => {
      const context = published({});
      const failure = await failureOf(findServerMetadata(of, new Attempts(context), rules));
      expect(failure.code).toBe("insecure_url");
      expect(context.asked).toEqual([]);
    },
  );

  it.each(["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"])(
    "refuses a document whose %s is not safe, and does not look further (ASM-08, URL-01)",
    async (name) => {
      for (const url of ["http://as.example/x", "javascript:alert(1)", "file:///etc/passwd", "x", ""]) {
        const context = published({
          [first]: serverMetadata(issuer, { [name]: url }),
          [second]: serverMetadata(issuer),
        });
        const failure = await failureOf(findServerMetadata(issuer, new Attempts(context), rules));
        expect(failure).toMatchObject({ code: "insecure_url" });
        expect(failure.message).toContain(name);
        expect(context.asked).toEqual([first]);
        expect(context.events).toMatchObject([{ result: "refused" }]);
      }
    },
  );
});

describe("checkedMetadata", () => {
  it("does not mind endpoints that nothing is sent to", () => {
    const server = { issuer, introspection_endpoint: "http://inside.example/introspect" };
    expect(checkedMetadata(server, rules)).toEqual(server);
  });

  it("takes http for this machine, and anywhere when that is allowed", () => {
    const here = { issuer, token_endpoint: "http://127.0.0.1:8080/token" };
    const away = { issuer, token_endpoint: "http://as.example/token" };
    expect(checkedMetadata(here, rules)).toEqual(here);
    expect(checkedMetadata(away, { allowInsecure: true })).toEqual(away);
  });

  it("leaves out what is null or of another type", () => {
    const members = {
      registration_endpoint: null,
      revocation_endpoint: { toString: "x" },
      scopes_supported: 5,
      code_challenge_methods_supported: "S256",
      token_endpoint_auth_methods_supported: ["none", 7, null, "client_secret_post"],
      grant_types_supported: {},
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: false,
    };
    expect(checkedMetadata({ issuer, ...members } as never, rules)).toEqual({
      issuer,
      token_endpoint_auth_methods_supported: ["none", "client_secret_post"],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: false,
    });
  });
});

describe("requirePkce (ASM-05, AUT-02, T-07)", () => {
  it.each([[["S256"]], [["plain", "S256"]]])("takes %j", (methods) => {
    expect(() => requirePkce({ issuer, code_challenge_methods_supported: methods })).not.toThrow();
  });

  it.each([[undefined], [[]], [["plain"]], [["s256"]]])("refuses %j", async (methods) => {
    const server = { issuer, ...(methods && { code_challenge_methods_supported: methods }) };
    const failure = await failureOf(() => requirePkce(server));
    expect(failure.code).toBe("pkce_unsupported");
    expect(failure.message).toContain(issuer);
  });
});
