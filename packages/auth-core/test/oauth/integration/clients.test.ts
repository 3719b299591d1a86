/**
 * Who the client is at a real authorization server: registered beforehand with each kind of proof, described by a document,
 * or registered now and kept (REG-01, REG-02, CMD-01 to CMD-06, BIND-01 to BIND-05).
 */
import { generateKeyPairSync } from "node:crypto";
import { headlessInteraction, type PreRegisteredClient } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { type Auth, authorizationServer, client, decoded, lastToken, requestsTo, requestTo, servers } from "./setup.ts";

/** A key pair: PEM and JWK of the private half, JWK of the public one. */
function keys(type: "ec" | "ed25519" | "rsa", kid?: string) {
  const { privateKey, publicKey } =
    type === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : type === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ed25519");
  const named = kid === undefined ? {} : { kid };
  return {
    pem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    jwk: JSON.stringify({ ...privateKey.export({ format: "jwk" }), ...named }),
    publicJwk: { ...publicKey.export({ format: "jwk" }), ...named },
  };
}

const [ec, ed25519, rsa] = [keys("ec", "key-1"), keys("ed25519"), keys("rsa")];
const secret = "s3cr3t: & more+%=/-._~";

interface Kind {
  readonly name: string;
  readonly known: Omit<PreRegisteredClient, "clientId">;
  readonly auth: Auth;
  /** What the token requests have. */
  readonly header?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const assertion = {
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  client_assertion: expect.any(String),
};
const basic = `Basic ${btoa(`app:${new URLSearchParams({ "": secret }).toString().slice(1)}`)}`;

const kinds: readonly Kind[] = [
  { name: "a public client", known: {}, auth: {}, params: { client_id: "app" } },
  {
    name: "client_secret_basic",
    known: { authentication: "client_secret_basic", clientSecret: secret },
    auth: { clientSecret: secret },
    header: basic,
    params: {},
  },
  {
    name: "client_secret_post",
    known: { authentication: "client_secret_post", clientSecret: secret },
    auth: { clientSecret: secret, clientAuthentication: "client_secret_post" },
    params: { client_id: "app", client_secret: secret },
  },
  ...[
    { name: "private_key_jwt with a PEM (ES256)", privateKey: ec.pem, publicJwk: ec.publicJwk },
    { name: "private_key_jwt with a JWK (ES256)", privateKey: ec.jwk, publicJwk: ec.publicJwk },
    { name: "private_key_jwt with a PEM (RSA)", privateKey: rsa.pem, publicJwk: rsa.publicJwk },
    { name: "private_key_jwt with a JWK (RSA)", privateKey: rsa.jwk, publicJwk: rsa.publicJwk },
    { name: "private_key_jwt with a PEM (Ed25519)", privateKey: ed25519.pem, publicJwk: ed25519.publicJwk },
    { name: "private_key_jwt with a JWK (Ed25519)", privateKey: ed25519.jwk, publicJwk: ed25519.publicJwk },
  ].map(
    ({ name, privateKey, publicJwk }): Kind => ({
      name,
      known: { authentication: "private_key_jwt", jwks: { keys: [publicJwk] } },
      auth: { privateKey },
      params: assertion,
    }),
  ),
];

describe.each(kinds)("registered beforehand: $name", ({ known, auth, header, params }) => {
  it("signs in, refreshes and signs out, each time with its proof and no other", async () => {
    const { as, mcp } = await servers({ accessTokens: "opaque", clients: [{ clientId: "app", ...known }] });
    const { session } = client(mcp, { clientId: "app", ...auth });
    await session.connect();
    as.expireAccessTokens();
    await session.listTools();
    await session.oauth?.signOut();
    expect(as.count("registration")).toBe(0);
    const requests = [...requestsTo(as, "token"), ...requestsTo(as, "revocation")];
    expect(requests.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const request of requests) {
      expect(request.headers.authorization).toBe(header);
      const { client_id, client_secret, client_assertion_type, client_assertion } = request.params;
      const proof = { client_id, client_secret, client_assertion_type, client_assertion };
      expect(params["client_assertion"] === undefined ? proof : { ...proof, client_id: undefined }).toEqual({
        client_id: undefined,
        ...params,
      });
    }
  });
});

it("signs an assertion for the issuer alone, fresh each time and short-lived (CC-03 to CC-05, T-09)", async () => {
  const known = { authentication: "private_key_jwt", jwks: { keys: [ec.publicJwk] } } as const;
  const { as, mcp } = await servers({ clients: [{ clientId: "app", ...known }] });
  const { session } = client(mcp, { clientId: "app", privateKey: ec.jwk });
  await session.connect();
  as.expireAccessTokens();
  await session.listTools();
  const assertions = requestsTo(as, "token").map(({ params }) => decoded(params["client_assertion"]));
  expect(assertions).toHaveLength(2);
  for (const { header, claims } of assertions) {
    expect(header).toEqual({ alg: "ES256", kid: "key-1" });
    expect(claims).toMatchObject({ iss: "app", sub: "app", aud: as.issuer });
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBeLessThanOrEqual(300);
  }
  expect(new Set(assertions.map(({ claims }) => claims["jti"])).size).toBe(2);
});

it("reports a client that the server refuses, without its secret", async () => {
  const known = { clientId: "app", authentication: "client_secret_basic", clientSecret: secret } as const;
  const { as, mcp } = await servers({ clients: [known] });
  const { session, events } = client(mcp, { clientId: "app", clientSecret: "wrong-secret" });
  const error = await failureOf(session.connect());
  expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_client" });
  expect(JSON.stringify([error.message, events])).not.toContain("wrong-secret");
  // A code is good for one request (OAuth 2.1 §4.1.3), and a given client cannot be replaced.
  expect(as.count("token")).toBe(1);
  expect(as.count("registration")).toBe(0);
});

describe("described by a client metadata document", () => {
  const url = "https://client.example/oauth/metadata.json";
  const document = {
    client_id: url,
    client_name: "Notes",
    redirect_uris: ["http://127.0.0.1/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    application_type: "native",
    token_endpoint_auth_method: "none",
  };

  it("signs in and refreshes with its URL as client id, and registers nowhere (REG-02)", async () => {
    const { as, mcp } = await servers({ clientMetadataDocuments: { [url]: document } });
    const { session } = client(mcp, { clientMetadataUrl: url });
    await session.connect();
    as.expireAccessTokens();
    await session.listTools();
    expect(requestTo(as, "authorization").params["client_id"]).toBe(url);
    expect(requestsTo(as, "token").map(({ params, status }) => [params["client_id"], status])).toEqual([
      [url, 200],
      [url, 200],
    ]);
    expect(as.count("registration")).toBe(0);
    expect((await lastToken(as, mcp)).verified?.clientId).toBe(url);
  });

  it("with a key of its own proves that it has it (CMD-06)", async () => {
    const confidential = { ...document, token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [ec.publicJwk] } };
    const { as, mcp } = await servers({ clientMetadataDocuments: { [url]: confidential } });
    const { session } = client(mcp, { clientMetadataUrl: url, privateKey: ec.jwk });
    await session.connect();
    const { params } = requestTo(as, "token");
    expect(decoded(params["client_assertion"]).claims).toMatchObject({ iss: url, sub: url, aud: as.issuer });
  });

  it("registers where the server takes no documents (CMD-08)", async () => {
    const { as, mcp } = await servers();
    await client(mcp, { clientMetadataUrl: url }).session.connect();
    expect(as.count("registration", undefined, 201)).toBe(1);
    expect(requestTo(as, "authorization").params["client_id"]).toBe(as.registeredClients()[0]);
  });

  it("is not used when a client id is configured (REG-02)", async () => {
    const { as, mcp } = await servers({
      clientMetadataDocuments: { [url]: document },
      clients: [{ clientId: "app" }],
    });
    await client(mcp, { clientMetadataUrl: url, clientId: "app" }).session.connect();
    expect(requestTo(as, "authorization").params["client_id"]).toBe("app");
  });
});

describe("registered now", () => {
  it("is used again by the next sign-in at the same server, and by other MCP servers behind it (BIND-01)", async () => {
    const { as, mcp } = await servers();
    const store = memoryStore();
    await client(mcp, {}, { store }).session.connect();
    as.expireAccessTokens();
    as.killRefreshTokens();
    await client(mcp, {}, { store }).session.connect();
    expect(as.count("token", "authorization_code", 200)).toBe(2);
    expect(as.count("registration")).toBe(1);
  });

  it("registers anew for a scope of a step-up that the metadata does not name (STEP-03)", async () => {
    const { as, mcp } = await servers({}, { toolScopes: { echo: ["mcp:write"] } });
    const { session } = client(mcp);
    const { content } = await session.callTool("echo", { text: "hi" });
    expect(content).toMatchObject([{ text: "hi" }]);
    const scopes = requestsTo(as, "registration").map(({ params }) => params["scope"]);
    expect(scopes).toEqual(["mcp:read offline_access", "mcp:read mcp:write offline_access"]);
  });

  it("registers without scopes where the server does not know all that the resource names", async () => {
    const { as, mcp } = await servers(
      {},
      { changeMetadata: (metadata) => ({ ...metadata, scopes_supported: ["mcp:read", "mcp:unknown"] }) },
    );
    const { session } = client(mcp);
    await session.connect();
    const registrations = requestsTo(as, "registration");
    expect(registrations.map(({ status, params }) => [status, params["scope"]])).toEqual([
      [400, "mcp:read offline_access mcp:unknown"],
      [201, undefined],
    ]);
    expect(session.oauth?.getState()).toMatchObject({ status: "authorized", scope: "mcp:read" });
  });

  it("registers anew for another redirect URI (RED-02)", async () => {
    const { as, mcp } = await servers();
    const store = memoryStore();
    await client(mcp, {}, { store }).session.connect();
    as.expireAccessTokens();
    as.killRefreshTokens();
    const interaction = headlessInteraction({ redirectUri: "http://127.0.0.1:4711/elsewhere" });
    await client(mcp, {}, { store, interaction }).session.connect();
    expect(requestsTo(as, "registration").map(({ params }) => params["redirect_uris"])).toEqual([
      '["http://127.0.0.1/callback"]',
      '["http://127.0.0.1:4711/elsewhere"]',
    ]);
  });

  it("registers anew when the server has forgotten it, without being told to (pain 6)", async () => {
    const { as, mcp } = await servers();
    const { session } = client(mcp);
    await session.connect();
    as.expireAccessTokens();
    as.killClients();
    await session.listTools();
    expect(as.count("registration", undefined, 201)).toBe(2);
    expect((await lastToken(as, mcp)).verified?.clientId).toBe(as.registeredClients()[0]);
  });

  it("registers at the new server when the MCP server moves, and sends the old one's credentials nowhere (BIND-02 to BIND-05)", async () => {
    const { as, mcp } = await servers();
    const next = await authorizationServer();
    const { session } = client(mcp);
    await session.connect();
    const [oldId] = as.registeredClients();
    mcp.useAuthorizationServer(next);
    await session.listTools();
    expect(session.oauth?.getState()).toMatchObject({ status: "authorized", issuer: next.issuer });
    expect(next.count("registration", undefined, 201)).toBe(1);
    expect(next.count("token", "refresh_token")).toBe(0);
    for (const { params } of next.requests) expect(Object.values(params)).not.toContain(oldId);
  });

  it("does not send a client that was registered beforehand to another server (BIND-06)", async () => {
    const { mcp } = await servers({ clients: [{ clientId: "app" }] });
    const next = await authorizationServer({ clients: [{ clientId: "app" }] });
    const { session } = client(mcp, { clientId: "app" });
    await session.connect();
    mcp.useAuthorizationServer(next);
    const error = await failureOf(session.listTools());
    expect(error).toMatchObject({ code: "issuer_mismatch" });
    expect(next.requests.every(({ endpoint }) => endpoint === "metadata")).toBe(true);
  });
});
