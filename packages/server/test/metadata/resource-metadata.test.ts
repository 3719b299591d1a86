import { answerStatus, testAuthorizationServer } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createAuthGate,
  type Listening,
  MCPServer,
  oauthProvider,
  type ResourceMetadataOptions,
  staticTokens,
} from "../../src/index.ts";
import { type Issuer, testIssuer } from "../issuer.ts";
import { scripted } from "../scripted.ts";
import { signedIn } from "../signed-in.ts";

const resource = "https://mcp.example.com/mcp";
const issuer = "https://as.example.com/tenant";
const wellKnown = "/.well-known/oauth-protected-resource";

const provider = (metadata: Partial<ResourceMetadataOptions> = {}) =>
  staticTokens(
    { t: {} },
    { scopes: ["mcp:read"], metadata: { resource, authorizationServers: [issuer], ...metadata } },
  );
const server = (metadata?: Partial<ResourceMetadataOptions>) =>
  new MCPServer({ name: "s", version: "1", auth: provider(metadata), allowedOrigins: ["https://app.example.com"] });

/** The same requests to a listening server, to `fetch`, and to the gate alone. */
const ways: Record<string, (path: string, init?: RequestInit) => Promise<Response>> = {};
let listening: Listening;
beforeAll(async () => {
  listening = await server().listen(0);
  const { origin } = new URL(listening.url);
  ways["listen"] = (path, init) => fetch(origin + path, init);
  const { fetch: serve } = server();
  ways["fetch"] = (path, init) => serve(new Request(`https://mcp.example.com${path}`, init));
  const gate = createAuthGate(provider());
  ways["the gate"] = async (path, init) => {
    const entry = await gate(new Request(`https://mcp.example.com${path}`, init));
    return "response" in entry ? entry.response : new Response("admitted");
  };
});
afterAll(() => listening.close());

describe.each(["listen", "fetch", "the gate"])("%s", (way) => {
  const ask = (path: string, init?: RequestInit) => {
    const send = ways[way];
    if (send === undefined) throw new Error("no such way");
    return send(path, init);
  };

  test.each([`${wellKnown}/mcp`, wellKnown, `${wellKnown}?x=1`])(
    "serves %s to anybody (PRM-06, R28-10)",
    async (path) => {
      const response = await ask(path, { headers: { origin: "https://stranger.example.com" } });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("cache-control")).toMatch(/max-age=\d+/);
      expect(await response.json()).toEqual({
        resource,
        authorization_servers: [issuer],
        scopes_supported: ["mcp:read"],
        bearer_methods_supported: ["header"],
      });
    },
  );

  test("answers HEAD, and the preflight of a page that sends MCP-Protocol-Version", async () => {
    const head = await ask(wellKnown, { method: "HEAD" });
    expect(head.status).toBe(200);
    const preflight = await ask(wellKnown, {
      method: "OPTIONS",
      headers: {
        origin: "https://stranger.example.com",
        "access-control-request-method": "GET",
        "access-control-request-headers": "mcp-protocol-version",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("*");
  });

  test("takes no other method", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) expect((await ask(wellKnown, { method })).status).toBe(405);
  });

  test.each([
    `${wellKnown}/mcp/`,
    `${wellKnown}/other`,
    `${wellKnown}x`,
    "/.well-known/oauth%2Dprotected-resource",
    "/.well-known/oauth-authorization-server",
    "/x/.well-known/oauth-protected-resource",
  ])("keeps %s behind the gate", async (path) => {
    expect((await ask(path)).status).toBe(401);
  });

  test("names the document in its challenges (PRM-03)", async () => {
    const response = await ask("/mcp", { method: "POST" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Bearer scope="mcp:read", resource_metadata="https://mcp.example.com${wellKnown}/mcp"`,
    );
  });
});

describe("the document", () => {
  const document = (metadata: Partial<ResourceMetadataOptions>) =>
    server(metadata)
      .fetch(new Request(`https://mcp.example.com${wellKnown}`))
      .then((response) => response.json());

  test("has what else is given, and nothing without a value (R28-03, R28-06, R28-10)", async () => {
    const pages = {
      documentation: "https://a.example/d",
      policy: "https://a.example/p",
      termsOfService: "https://a.example/t",
    };
    const additional = { dpop_bound_access_tokens_required: true, resource: "https://evil.example" };
    expect(await document({ scopesSupported: [], name: "Mail", ...pages, additional })).toEqual({
      resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      resource_name: "Mail",
      resource_documentation: pages.documentation,
      resource_policy_uri: pages.policy,
      resource_tos_uri: pages.termsOfService,
      dpop_bound_access_tokens_required: true,
    });
  });

  test.each([
    ["https://mcp.example.com", wellKnown],
    ["https://mcp.example.com/", wellKnown],
    ["https://mcp.example.com:8443/a/mcp", `${wellKnown}/a/mcp`],
    ["https://mcp.example.com/mcp/", `${wellKnown}/mcp`],
  ])("of %s is at %s, and repeats the identifier to the letter (R28-09)", async (identifier, path) => {
    const auth = provider({ resource: identifier });
    expect(auth.resourceMetadata).toBe(new URL(path, identifier).href);
    const { fetch } = new MCPServer({ name: "s", version: "1", auth });
    expect(await (await fetch(new Request(new URL(path, identifier)))).json()).toMatchObject({ resource: identifier });
  });

  test.each<[string, Partial<ResourceMetadataOptions>]>([
    ["no authorization server (PRM-02)", { authorizationServers: [] }],
    ["an authorization server over plain http", { authorizationServers: ["http://as.example.com"] }],
    ["a resource over plain http (R28-01)", { resource: "http://mcp.example.com/mcp" }],
    ["a resource with a fragment (R28-01)", { resource: "https://mcp.example.com/mcp#x" }],
    ["a resource with a query", { resource: "https://mcp.example.com/mcp?x=1" }],
    ["offline_access (PRM-05)", { scopesSupported: ["offline_access"] }],
    ["a page that is none", { documentation: "javascript:alert(1)" }],
  ])("%s is config_invalid", (_name, metadata) => {
    expect(() => provider(metadata)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  test("of somebody else is named when resourceMetadata says so", () => {
    const auth = staticTokens({ t: {} }, { resourceMetadata: "https://elsewhere.example.com/metadata" });
    expect(auth).toMatchObject({ metadata: undefined, resourceMetadata: "https://elsewhere.example.com/metadata" });
  });
});

describe("oauthProvider", () => {
  let small: Issuer;
  beforeAll(async () => {
    small = await testIssuer();
  });
  afterAll(() => small.close());

  test("publishes resource, issuer and scopes before it has asked anybody anything", async () => {
    const auth = oauthProvider({ issuer: small.url, resource, scopes: ["mcp:read"], metadata: { name: "Mail" } });
    const { fetch } = new MCPServer({ name: "s", version: "1", auth });
    expect(await (await fetch(new Request(`${resource.slice(0, -4)}${wellKnown}/mcp`))).json()).toEqual({
      resource,
      authorization_servers: [small.url],
      scopes_supported: ["mcp:read"],
      bearer_methods_supported: ["header"],
      resource_name: "Mail",
    });
    expect(small.requests).toEqual([]);
  });

  test("mirrors the metadata of the issuer when it is told to, and says 503 when it cannot (ASM-10)", async () => {
    const mirrored = "https://mcp.example.com/.well-known/oauth-authorization-server";
    const serve = (mirrorIssuer: boolean) =>
      new MCPServer({
        name: "s",
        version: "1",
        auth: oauthProvider({ issuer: small.url, resource, mirrorIssuer }),
      }).fetch;
    expect((await serve(false)(new Request(mirrored))).status).toBe(401);
    for (const url of [mirrored, `${mirrored}/mcp`]) {
      const response = await serve(true)(new Request(url));
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(await response.json()).toMatchObject({ issuer: small.url });
    }
    small.on["/.well-known/oauth-authorization-server"] = scripted(answerStatus(500));
    const refused = await serve(true)(new Request(mirrored));
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
  });

  test("leads a client from the challenge to a token that opens the door", async () => {
    const authorizationServer = await testAuthorizationServer({ clients: [{ clientId: "desktop" }] });
    try {
      const auth = oauthProvider({ issuer: authorizationServer.issuer, resource, scopes: ["mcp:read"] });
      const { fetch: serve } = new MCPServer({ name: "s", version: "1", auth });
      const call = (headers: HeadersInit) =>
        serve(
          new Request(resource, {
            method: "POST",
            headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
            body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
          }),
        );
      const refused = await call({});
      expect(refused.status).toBe(401);
      const [, url = ""] = /resource_metadata="([^"]+)"/.exec(refused.headers.get("www-authenticate") ?? "") ?? [];
      const metadata = (await (await serve(new Request(url))).json()) as {
        resource: string;
        authorization_servers: [];
      };
      expect(metadata).toMatchObject({ resource, authorization_servers: [authorizationServer.issuer] });

      const { accessToken } = await signedIn(authorizationServer, metadata.resource, "mcp:read");
      expect((await call({ authorization: `Bearer ${accessToken}` })).status).toBe(200);
    } finally {
      await authorizationServer.close();
    }
  });
});
