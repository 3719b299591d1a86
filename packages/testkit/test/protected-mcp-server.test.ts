/**
 * The protected MCP server of the tests: what it refuses, how it says so, and what it lets through.
 */
import { createHash, randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ProtectedMcpServer,
  type ProtectedMcpServerOptions,
  protectedMcpServer,
  type TestAuthorizationServer,
  testAuthorizationServer,
} from "../src/index.ts";

const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function authorizationServer(accessTokens: "jwt" | "opaque" = "jwt"): Promise<TestAuthorizationServer> {
  const client = { clientId: "service", authentication: "client_secret_post", clientSecret: "s" } as const;
  const server = await testAuthorizationServer({
    accessTokens,
    clients: [{ ...client, grantTypes: ["client_credentials"] }],
  });
  running.push(server);
  return server;
}

async function start(options: ProtectedMcpServerOptions): Promise<ProtectedMcpServer> {
  const server = await protectedMcpServer(options);
  running.push(server);
  return server;
}

/** An access token for a resource. */
async function token(
  server: TestAuthorizationServer,
  resource: string,
  scope = "mcp:read",
  headers: Record<string, string> = {},
): Promise<string> {
  const params = { client_id: "service", client_secret: "s", grant_type: "client_credentials", scope, resource };
  const response = await fetch(`${server.issuer}/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams(params),
  });
  return (await response.json()).access_token;
}

interface Answer {
  readonly status: number;
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly text: string;
}

async function call(server: ProtectedMcpServer, headers: Record<string, string>, tool?: string): Promise<Answer> {
  const initialize = {
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "0" } },
  };
  const message = tool === undefined ? initialize : { method: "tools/call", params: { name: tool, arguments: {} } };
  const response = await fetch(server.url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
  const challenge = response.headers.get("www-authenticate");
  return { status: response.status, challenge, nonce: response.headers.get("dpop-nonce"), text: await response.text() };
}

const bearer = (value: string) => ({ authorization: `Bearer ${value}` });

describe.each(["v1", "v2"] as const)("SDK %s", (sdk) => {
  it.each(["jwt", "opaque"] as const)("lets in %s tokens for it, and challenges everything else", async (format) => {
    const issuer = await authorizationServer(format);
    const server = await start({ authorizationServer: issuer, sdk });
    const { origin } = new URL(server.url);
    const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`;

    const anonymous = await call(server, {});
    expect(anonymous.status).toBe(401);
    expect(anonymous.challenge).toBe(`Bearer scope="mcp:read", resource_metadata="${metadataUrl}"`);
    expect(await (await fetch(metadataUrl)).json()).toEqual({
      resource: server.url,
      authorization_servers: [issuer.issuer],
      scopes_supported: ["mcp:read"],
      bearer_methods_supported: ["header"],
    });

    const good = bearer(await token(issuer, server.resource));
    const answer = await call(server, good);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"protocolVersion":"2025-06-18"');

    const elsewhere = await call(server, bearer(await token(issuer, "http://127.0.0.1/other")));
    expect(elsewhere.status).toBe(401);
    expect(elsewhere.challenge).toContain('Bearer error="invalid_token"');
    issuer.expireAccessTokens();
    expect((await call(server, good)).status).toBe(401);
    expect(server.calls.map(({ method, status }) => [method, status])).toEqual([
      ["initialize", 401],
      ["initialize", 200],
      ["initialize", 401],
      ["initialize", 401],
    ]);
  });
});

it("asks for the scopes of a tool, all at once", async () => {
  const issuer = await authorizationServer();
  const server = await start({ authorizationServer: issuer, toolScopes: { add: ["mcp:write"] } });
  const refused = await call(server, bearer(await token(issuer, server.resource)), "add");
  expect(refused.status).toBe(403);
  expect(refused.challenge).toContain('Bearer error="insufficient_scope", scope="mcp:read mcp:write"');
  const widened = bearer(await token(issuer, server.resource, "mcp:read mcp:write"));
  expect((await call(server, widened, "add")).status).not.toBe(403);
  expect(server.calls[0]).toMatchObject({ method: "tools/call", tool: "add", error: "insufficient_scope" });
});

it.each([
  ["root only", { path: false, header: false, root: true }, ["/.well-known/oauth-protected-resource"], null],
  ["header only", { path: false }, ["/metadata/mcp"], "/metadata/mcp"],
  ["nowhere", { path: false, header: false }, [], null],
] as const)("publishes its metadata where it is told, %s", async (_name, metadata, places, named) => {
  const server = await start({ authorizationServer: await authorizationServer(), metadata });
  const paths = ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource", "/metadata/mcp"];
  const { origin } = new URL(server.url);
  const found = await Promise.all(paths.map(async (path) => ((await fetch(origin + path)).ok ? [path] : [])));
  expect(found.flat()).toEqual(places);
  expect(server.metadataRequests()).toBe(places.length);
  const { challenge } = await call(server, {});
  if (named === null) expect(challenge).not.toContain("resource_metadata");
  else expect(challenge).toContain(`resource_metadata="${origin}${named}"`);
});

it("refuses everything when told to, and moves to another authorization server", async () => {
  const [first, second] = [await authorizationServer(), await authorizationServer()];
  const server = await start({ authorizationServer: first });
  const good = bearer(await token(first, server.resource));
  server.refuse("invalid_token");
  expect((await call(server, good)).status).toBe(401);
  server.refuse("insufficient_scope", ["mcp:admin"]);
  expect(await call(server, good)).toMatchObject({
    status: 403,
    challenge: expect.stringContaining('scope="mcp:admin"'),
  });
  server.refuse(undefined);
  expect((await call(server, good)).status).toBe(200);
  server.useAuthorizationServer(second);
  expect((await call(server, good)).status).toBe(401);
  expect((await call(server, bearer(await token(second, server.resource)))).status).toBe(200);
});

describe("DPoP", () => {
  /** Proofs of one key. */
  async function prover() {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const jwk = await exportJWK(publicKey);
    return (claims: Record<string, string | undefined>) =>
      new SignJWT({ jti: randomBytes(16).toString("hex"), htm: "POST", ...claims })
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
        .setIssuedAt()
        .sign(privateKey);
  }
  const hash = (text: string) => createHash("sha256").update(text).digest("base64url");

  it("takes a bound token with its proof only", async () => {
    const issuer = await authorizationServer();
    const server = await start({ authorizationServer: issuer });
    const prove = await prover();
    const proofOfRequest = await prove({ htu: `${issuer.issuer}/token` });
    const bound = await token(issuer, server.resource, "mcp:read", { dpop: proofOfRequest });
    const usual = { htu: server.resource, ath: hash(bound) };
    const send = async (claims: Record<string, string | undefined>, by = prove) =>
      call(server, { authorization: `DPoP ${bound}`, dpop: await by(claims) });

    expect((await send(usual)).status).toBe(200);
    for (const wrong of [{ htu: issuer.issuer }, { ath: hash("another") }, { htm: "GET" }, { ath: undefined }]) {
      const answer = await send({ ...usual, ...wrong });
      expect(answer.status, JSON.stringify(wrong)).toBe(401);
      expect(answer.challenge).toContain('DPoP algs="ES256 EdDSA", error="invalid_dpop_proof"');
    }
    expect((await send(usual, await prover())).status).toBe(401);
    const once = { ...usual, jti: "the same" };
    expect([(await send(once)).status, (await send(once)).status]).toEqual([200, 401]);
    expect((await call(server, bearer(bound))).challenge).toContain('error="invalid_token"');
    expect((await call(server, { authorization: `DPoP ${bound}` })).status).toBe(401);
  });

  it("asks for its nonce, and for a new one", async () => {
    const issuer = await authorizationServer();
    const server = await start({ authorizationServer: issuer, dpop: "nonce" });
    const prove = await prover();
    const bound = await token(issuer, server.resource, "mcp:read", {
      dpop: await prove({ htu: `${issuer.issuer}/token` }),
    });
    const send = async (nonce?: string) =>
      call(server, {
        authorization: `DPoP ${bound}`,
        dpop: await prove({ htu: server.resource, ath: hash(bound), nonce }),
      });
    expect((await call(server, {})).challenge).toMatch(/^DPoP algs=/);
    expect((await call(server, bearer(await token(issuer, server.resource)))).status).toBe(401);
    const first = await send();
    expect(first.challenge).toContain('error="use_dpop_nonce"');
    expect((await send(first.nonce ?? "")).status).toBe(200);
    server.renewNonce();
    const second = await send(first.nonce ?? "");
    expect(second.nonce).not.toBe(first.nonce);
    expect((await send(second.nonce ?? "")).status).toBe(200);
  });
});
