/**
 * The authorization server of the tests, driven with nothing but `fetch`: if these hold, a failure elsewhere is not its.
 */
import { createHash, randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import {
  headlessInteraction,
  listen,
  type TestAuthorizationServer,
  type TestAuthorizationServerOptions,
  testAuthorizationServer,
  testBrowser,
} from "../src/index.ts";

const resource = "http://127.0.0.1/mcp";
const redirectUri = "http://127.0.0.1:4711/callback";
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
const running: TestAuthorizationServer[] = [];

afterEach(async () => {
  const servers = running.splice(0);
  await Promise.all(servers.map((server) => server.close()));
  expect(servers.flatMap(({ failures }) => failures)).toEqual([]);
});

async function start(options?: TestAuthorizationServerOptions): Promise<TestAuthorizationServer> {
  const server = await testAuthorizationServer(options);
  running.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, string>;
}

async function post(
  url: string,
  params: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(params) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) };
}

async function register(server: TestAuthorizationServer, metadata: Record<string, unknown> = {}): Promise<Answer> {
  const response = await fetch(`${server.issuer}/reg`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Test client",
      application_type: "native",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "none",
      ...metadata,
    }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** An authorization request and the verifier that belongs to it. */
function authorization(
  server: TestAuthorizationServer,
  clientId: string,
  change: Record<string, string | undefined> = {},
) {
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(`${server.issuer}/auth`);
  const params: Record<string, string | undefined> = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: "mcp:read",
    state: "the-state",
    resource,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...change,
  };
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, value);
  return { url, verifier };
}

/** Sign in with the code flow, and redeem the code. */
async function codeFlow(
  server: TestAuthorizationServer,
  clientId: string,
  token: { params?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { url, verifier } = authorization(server, clientId);
  const callback = await server.signIn(url);
  expect(callback.searchParams.get("state")).toBe("the-state");
  expect(callback.searchParams.get("iss")).toBe(server.issuer);
  const code = callback.searchParams.get("code") ?? "";
  const params = {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    resource,
  };
  return post(`${server.issuer}/token`, { ...params, client_id: clientId, ...token.params }, token.headers);
}

function refresh(server: TestAuthorizationServer, clientId: string, token: string | undefined): Promise<Answer> {
  const params = { grant_type: "refresh_token", refresh_token: token ?? "", client_id: clientId };
  return post(`${server.issuer}/token`, params);
}

function basic(id: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

describe("metadata", () => {
  it("is found where RFC 8414 and OpenID Connect say, and names the issuer to the letter", async () => {
    const server = await start({ issuerPath: "/tenant" });
    const origin = new URL(server.issuer).origin;
    expect(server.issuer).toBe(`${origin}/tenant`);
    const places = [
      "/.well-known/oauth-authorization-server/tenant",
      "/.well-known/openid-configuration/tenant",
      "/tenant/.well-known/openid-configuration",
    ];
    for (const place of places) {
      const metadata = await (await fetch(origin + place)).json();
      expect(metadata).toMatchObject({
        issuer: server.issuer,
        authorization_endpoint: `${server.issuer}/auth`,
        token_endpoint: `${server.issuer}/token`,
        registration_endpoint: `${server.issuer}/reg`,
        revocation_endpoint: `${server.issuer}/token/revocation`,
        device_authorization_endpoint: `${server.issuer}/device/auth`,
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
      });
      expect(metadata.scopes_supported).toEqual(expect.arrayContaining(["offline_access", "mcp:read", "mcp:write"]));
    }
    expect(server.count("metadata")).toBe(3);
    const { status } = await fetch(`${origin}/.well-known/oauth-authorization-server`);
    expect(status).toBe(404);
  });

  it("is where the options leave it, and says what they say", async () => {
    const server = await start({
      wellKnown: ["openid"],
      changeMetadata: ({ code_challenge_methods_supported: _, ...rest }) => rest,
      registration: false,
      dpop: "off",
    });
    expect((await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).status).toBe(404);
    const metadata = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json();
    expect(metadata).not.toHaveProperty("code_challenge_methods_supported");
    expect(metadata).not.toHaveProperty("registration_endpoint");
    expect(metadata).not.toHaveProperty("dpop_signing_alg_values_supported");
  });
});

describe("code flow", () => {
  it.each(["", "/tenant"])(
    "registers, signs in, and issues a token for the resource, issuer path %j",
    async (issuerPath) => {
      const server = await start({ issuerPath });
      const { status, body: client } = await register(server);
      expect(status).toBe(201);
      expect(server.registeredClients()).toEqual([client["client_id"]]);

      const { body } = await codeFlow(server, client["client_id"] ?? "");
      expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3600, scope: "mcp:read" });
      expect(await server.verify(body["access_token"] ?? "")).toEqual({
        scopes: ["mcp:read"],
        audience: resource,
        clientId: client["client_id"],
        subject: "ada",
        keyThumbprint: undefined,
      });
      expect(server.count("token", "authorization_code", 200)).toBe(1);
      expect(server.requests.find(({ endpoint }) => endpoint === "token")?.params["resource"]).toBe(resource);
      server.expireAccessTokens();
      expect(await server.verify(body["access_token"] ?? "")).toBeUndefined();
    },
  );

  it("delivers the answer to a callback that listens", async () => {
    const server = await start();
    const listener = await listen((_request, response) => void response.end("thank you"), "/callback");
    const { body: client } = await register(server);
    const { url } = authorization(server, client["client_id"] ?? "", { redirect_uri: listener.url });
    const callback = await server.signIn(url, { account: "grace", deliver: true });
    expect(listener.requests.map(({ url }) => url)).toEqual([callback.pathname + callback.search]);
    await listener.close();
  });

  it("knows who is signed in to a browser already", async () => {
    const server = await start({ clients: [{ clientId: "c" }] });
    const browser = testBrowser();
    const interaction = headlessInteraction({ browser });
    const session = await interaction.open();
    const pages = async () => {
      const before = browser.visited.length;
      const { url } = authorization(server, "c", { redirect_uri: session.redirectUri });
      expect((await session.authorize(url)).searchParams.has("code")).toBe(true);
      return browser.visited.length - before;
    };
    // The request, login shown and sent, back, consent shown and sent, back: the second time without the login.
    expect([await pages(), await pages()]).toEqual([7, 4]);
    expect(interaction.opened).toHaveLength(2);
    await session.close();
  });

  it("answers with access_denied when the person refuses", async () => {
    const server = await start();
    const { body: client } = await register(server);
    const callback = await server.signIn(authorization(server, client["client_id"] ?? "").url, { decision: "deny" });
    expect(callback.searchParams.get("error")).toBe("access_denied");
    expect(callback.searchParams.get("iss")).toBe(server.issuer);
  });

  it.each([
    ["without PKCE", { code_challenge: undefined, code_challenge_method: undefined }],
    ["with plain PKCE", { code_challenge_method: "plain" }],
  ])("is refused %s", async (_name, change) => {
    const server = await start();
    const { body: client } = await register(server);
    const callback = await server.signIn(authorization(server, client["client_id"] ?? "", change).url);
    expect(callback.searchParams.get("error")).toBe("invalid_request");
  });

  it("shows an error page for a client that it does not know", async () => {
    const server = await start();
    const { body: client } = await register(server);
    server.killClients();
    expect(server.registeredClients()).toEqual([]);
    const { url } = authorization(server, client["client_id"] ?? "");
    await expect(server.signIn(url)).rejects.toThrow("invalid_client");
  });

  it("issues tokens for its resources only", async () => {
    const server = await start({ resources: [resource] });
    const { body: client } = await register(server);
    const other = authorization(server, client["client_id"] ?? "", { resource: "http://127.0.0.1/other" });
    expect((await server.signIn(other.url)).searchParams.get("error")).toBe("invalid_target");
  });

  it("judges redirect URIs by the application type", async () => {
    const server = await start();
    const https = { redirect_uris: ["http://app.example/callback"] };
    expect((await register(server, https)).body).toMatchObject({ error: "invalid_redirect_uri" });
    expect((await register(server, { ...https, application_type: "web" })).status).toBe(201);
  });

  it("takes a client id metadata document", async () => {
    const id = "https://app.example/client.json";
    const document = {
      client_id: id,
      client_name: "Test client",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "native",
    };
    const server = await start({ clientMetadataDocuments: { [id]: document } });
    const metadata = await (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json();
    expect(metadata.client_id_metadata_document_supported).toBe(true);
    const { body } = await codeFlow(server, id);
    expect(await server.verify(body["access_token"] ?? "")).toMatchObject({ clientId: id });
    await expect(server.signIn(authorization(server, "https://app.example/none.json").url)).rejects.toThrow(
      "fetch failed",
    );
  });

  it("takes pre-registered clients with each authentication", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const server = await start({
      clients: [
        { clientId: "open" },
        { clientId: "basic", authentication: "client_secret_basic", clientSecret: "s1" },
        { clientId: "post", authentication: "client_secret_post", clientSecret: "s2" },
        { clientId: "jwt", authentication: "private_key_jwt", jwks: { keys: [await exportJWK(publicKey)] } },
      ],
    });
    const assertion = await new SignJWT({ jti: randomBytes(16).toString("hex") })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer("jwt")
      .setSubject("jwt")
      .setAudience(server.issuer)
      .setExpirationTime("1m")
      .sign(privateKey);
    const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    const proofs: Record<string, Parameters<typeof codeFlow>[2]> = {
      open: {},
      basic: { headers: basic("basic", "s1") },
      post: { params: { client_secret: "s2" } },
      jwt: { params: { client_assertion: assertion, client_assertion_type: type } },
    };
    for (const [clientId, proof] of Object.entries(proofs)) {
      const { body } = await codeFlow(server, clientId, proof);
      expect(await server.verify(body["access_token"] ?? ""), clientId).toMatchObject({ clientId });
    }
    expect((await codeFlow(server, "basic", { headers: basic("basic", "wrong") })).body["error"]).toBe(
      "invalid_client",
    );
    expect(server.registeredClients()).toEqual([]);
  });
});

describe("refresh", () => {
  it.each(["jwt", "opaque"] as const)(
    "rotates, and revokes the family when a token is used twice, %s",
    async (accessTokens) => {
      const server = await start({ accessTokens });
      const { body: client } = await register(server);
      const id = client["client_id"] ?? "";
      const { body: first } = await codeFlow(server, id);
      const { body: second } = await refresh(server, id, first["refresh_token"]);
      expect(second["refresh_token"]).not.toBe(first["refresh_token"]);
      expect(await server.verify(second["access_token"] ?? "")).toMatchObject({ audience: resource });

      expect((await refresh(server, id, first["refresh_token"])).body["error"]).toBe("invalid_grant");
      expect((await refresh(server, id, second["refresh_token"])).body["error"]).toBe("invalid_grant");
      expect(await server.verify(second["access_token"] ?? "")).toBeUndefined();
      expect(server.count("token", "refresh_token")).toBe(3);
      expect(server.count("token", "refresh_token", 200)).toBe(1);
    },
  );

  it("sees two uses at the same time as two", async () => {
    const server = await start({ clients: [{ clientId: "c" }] });
    const { body } = await codeFlow(server, "c");
    const answers = await Promise.all([1, 2, 3].map(() => refresh(server, "c", body["refresh_token"])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    const winner = answers.find(({ status }) => status === 200)?.body["access_token"] ?? "";
    expect(await server.verify(winner)).toBeUndefined();
  });

  it("gives refresh tokens only as the options say", async () => {
    const never = await start({ refreshTokens: "never" });
    const { body: client } = await register(never);
    expect((await codeFlow(never, client["client_id"] ?? "")).body).not.toHaveProperty("refresh_token");
    const offline = await start({ refreshTokens: "offline_access", clients: [{ clientId: "c" }] });
    expect((await codeFlow(offline, "c")).body).not.toHaveProperty("refresh_token");
  });

  it("keeps the token when it does not rotate, until it is killed", async () => {
    const server = await start({ rotateRefreshTokens: false, clients: [{ clientId: "c" }] });
    const { body: first } = await codeFlow(server, "c");
    const { body: second } = await refresh(server, "c", first["refresh_token"]);
    expect(second["refresh_token"]).toBe(first["refresh_token"]);
    server.killRefreshTokens();
    expect((await refresh(server, "c", first["refresh_token"])).body["error"]).toBe("invalid_grant");
    expect(await server.verify(second["access_token"] ?? "")).toBeDefined();
    server.killClients("c");
    expect((await refresh(server, "c", first["refresh_token"])).body["error"]).toBe("invalid_client");
  });

  it("revokes (RFC 7009)", async () => {
    const server = await start({ clients: [{ clientId: "c" }] });
    const { body } = await codeFlow(server, "c");
    const token = body["refresh_token"] ?? "";
    expect((await post(`${server.issuer}/token/revocation`, { token, client_id: "c" })).status).toBe(200);
    expect((await refresh(server, "c", token)).body["error"]).toBe("invalid_grant");
    expect(await server.verify(body["access_token"] ?? "")).toBeUndefined();
    expect(server.count("revocation")).toBe(1);
  });
});

describe("device flow", () => {
  async function begin(server: TestAuthorizationServer) {
    const { body } = await post(`${server.issuer}/device/auth`, { client_id: "c", scope: "mcp:read", resource });
    const poll = () =>
      post(`${server.issuer}/token`, {
        grant_type: deviceGrant,
        device_code: body["device_code"] ?? "",
        client_id: "c",
        resource,
      });
    return { body, poll };
  }

  it("issues a token once the person has typed the code", async () => {
    const server = await start({ clients: [{ clientId: "c" }] });
    const { body, poll } = await begin(server);
    expect((await poll()).body["error"]).toBe("authorization_pending");
    await server.enterUserCode(body["verification_uri"] ?? "", body["user_code"] ?? "", { account: "grace" });
    const { body: tokens } = await poll();
    expect(await server.verify(tokens["access_token"] ?? "")).toMatchObject({ subject: "grace", audience: resource });
    expect(server.count("token", deviceGrant, 200)).toBe(1);
  });

  it("takes the complete address, a refusal, and no wrong code", async () => {
    const server = await start({ clients: [{ clientId: "c" }] });
    const { body, poll } = await begin(server);
    const uri = body["verification_uri"] ?? "";
    await expect(server.enterUserCode(uri, "WRNG-CODE")).rejects.toThrow("not accepted");
    await server.enterUserCode(uri, body["user_code"] ?? "", { decision: "deny" });
    expect((await poll()).body["error"]).toBe("access_denied");
    const second = await begin(server);
    await server.enterUserCode(second.body["verification_uri_complete"] ?? "", second.body["user_code"] ?? "");
    expect((await second.poll()).status).toBe(200);
  });
});

it("issues tokens for client credentials", async () => {
  const client = {
    clientId: "service",
    authentication: "client_secret_basic",
    clientSecret: "s",
    grantTypes: ["client_credentials"],
  } as const;
  for (const accessTokens of ["jwt", "opaque"] as const) {
    const server = await start({ clients: [client], accessTokens, accessTokenSeconds: 60 });
    const params = { grant_type: "client_credentials", scope: "mcp:read mcp:write", resource };
    const { body } = await post(`${server.issuer}/token`, params, basic("service", "s"));
    expect(body).toMatchObject({ expires_in: 60, scope: "mcp:read mcp:write" });
    expect(await server.verify(body["access_token"] ?? "")).toMatchObject({ clientId: "service", audience: resource });
    server.expireAccessTokens();
    expect(await server.verify(body["access_token"] ?? "")).toBeUndefined();
    expect((await post(`${server.issuer}/token`, params, basic("service", "wrong"))).status).toBe(401);
  }
});

it("asks for a DPoP nonce and binds the token to the key", async () => {
  const server = await start({ dpop: "nonce", clients: [{ clientId: "c", dpopBound: true }] });
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  const proof = (nonce: object) =>
    new SignJWT({ jti: randomBytes(16).toString("hex"), htm: "POST", htu: `${server.issuer}/token`, ...nonce })
      .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
      .setIssuedAt()
      .sign(privateKey);
  const refused = await codeFlow(server, "c", { headers: { dpop: await proof({}) } });
  expect(refused.body["error"]).toBe("use_dpop_nonce");
  const nonce = refused.headers.get("dpop-nonce") ?? "";
  const { body } = await codeFlow(server, "c", { headers: { dpop: await proof({ nonce }) } });
  expect(body["token_type"]).toBe("DPoP");
  expect((await server.verify(body["access_token"] ?? ""))?.keyThumbprint).toMatch(/^[\w-]{43}$/);
  expect((await codeFlow(server, "c")).body["error"]).toBe("invalid_grant");
});
