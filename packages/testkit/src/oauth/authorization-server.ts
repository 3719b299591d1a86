/**
 * A real authorization server: `oidc-provider` in this process, over HTTP on a free port.
 */
import { IncomingMessage, type ServerResponse } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { listen, type RecordedRequest } from "../listen.ts";
import { accessTokens } from "./access-tokens.ts";
import type { TestAuthorizationServer, TestAuthorizationServerOptions } from "./authorization-server-types.ts";
import { signIn, walk } from "./browser.ts";
import { clientMetadata, oidcConfiguration, signingAlgorithm } from "./oidc-configuration.ts";
import { answerInteraction, interactionPath } from "./oidc-pages.ts";
import { loadOidcProvider } from "./oidc-provider.ts";
import { oidcStorage } from "./oidc-storage.ts";
import { type OAuthEndpoint, paramsOf, requestLog } from "./request-log.ts";

const oauthMetadata = "/.well-known/oauth-authorization-server";
const openidMetadata = "/.well-known/openid-configuration";

const endpoints: Readonly<Record<string, OAuthEndpoint>> = {
  [oauthMetadata]: "metadata",
  [openidMetadata]: "metadata",
  "/auth": "authorization",
  "/token": "token",
  "/reg": "registration",
  "/token/revocation": "revocation",
  "/token/introspection": "introspection",
  "/device/auth": "device_authorization",
  "/jwks": "jwks",
};

const introspector = { clientId: "resource-server", clientSecret: "resource-server-secret" };

/**
 * Start an authorization server.
 *
 * @example
 * ```ts
 * const server = await testAuthorizationServer({ accessTokenSeconds: 2, dpop: "nonce" });
 * const callback = await server.signIn(authorizationUrl, { account: "grace" });
 * expect(server.count("token", "authorization_code")).toBe(1);
 * await server.close();
 * ```
 */
export async function testAuthorizationServer(
  options: TestAuthorizationServerOptions = {},
): Promise<TestAuthorizationServer> {
  const { issuerPath: base = "" } = options;
  const { Provider, errors } = await loadOidcProvider();
  const keys = await generateKeyPair(signingAlgorithm, { extractable: true });
  const key = { ...(await exportJWK(keys.privateKey)), alg: signingAlgorithm, use: "sig" };
  const storage = oidcStorage();
  const log = requestLog();
  const failures: unknown[] = [];

  const server = await listen(async (request, response, incoming) => {
    const path = pathBelow(request.url, base, options.wellKnown ?? ["oauth", "openid-inserted", "openid"]);
    log.add(request, path === undefined ? undefined : endpoints[path.split("?")[0] ?? ""], response);
    if (path === undefined) return void response.writeHead(404).end();
    await answer(again(incoming, request.body, base, path), response, request);
  }, base);
  const issuer = server.url;

  const provider = new Provider(
    issuer,
    oidcConfiguration(options, { base, storage, key, introspector: introspector.clientId, errors }),
  );
  provider.on("server_error", (_context, error) => failures.push(error));
  provider.use(async (context, next) => {
    await next();
    const { changeMetadata } = options;
    if (changeMetadata !== undefined && endpoints[context.path] === "metadata")
      context.body = changeMetadata(context.body as Record<string, unknown>);
  });
  const callback = provider.callback();
  let tokenTurn = Promise.resolve();
  const answer = async (incoming: IncomingMessage, response: ServerResponse, request: RecordedRequest) => {
    const path = incoming.url ?? "";
    if (path === "/token") {
      // One at a time: of two uses of a refresh token the second is always seen to be one.
      const previous = tokenTurn;
      tokenTurn = response.closed ? previous : new Promise((resolve) => response.once("close", resolve));
      await previous;
    }
    if (!path.startsWith(`${interactionPath}/`)) return void callback(incoming, response);
    await answerInteraction(provider, incoming, response, paramsOf(request)).catch((error: unknown) => {
      failures.push(error);
      throw error;
    });
  };

  const clients = storage.adapter("Client");
  const own = { ...introspector, authentication: "client_secret_basic", grantTypes: [] } as const;
  const known = [own, ...(options.clients ?? [])].map(clientMetadata);
  for (const client of known) await clients.upsert(client.client_id, client);
  const knownIds = known.map((client) => client.client_id);
  const registered = () => storage.ids("Client").filter((id) => !knownIds.includes(id));
  const tokens = accessTokens(provider, keys.publicKey, { ...introspector, url: `${issuer}/token/introspection` });

  return {
    issuer,
    port: server.port,
    requests: log.requests,
    count: log.count,
    failures,
    signIn,
    async enterUserCode(verificationUri, userCode, signInOptions = {}) {
      const { page } = await walk(new URL(verificationUri), signInOptions, { userCode });
      if (signInOptions.decision !== "deny" && !page.includes("Signed in"))
        throw new Error(`the user code ${userCode} was not accepted`);
    },
    verify: tokens.verify,
    expireAccessTokens() {
      tokens.expire();
      storage.remove("AccessToken");
      storage.remove("ClientCredentials");
    },
    killRefreshTokens: () => storage.remove("RefreshToken"),
    killClients(clientId) {
      for (const id of clientId === undefined ? registered() : [clientId]) storage.remove("Client", id);
    },
    registeredClients: registered,
    close: server.close,
  };
}

/** The path of a request as the provider knows it, or `undefined` for what is not below the issuer. */
function pathBelow(
  url: string,
  base: string,
  wellKnown: NonNullable<TestAuthorizationServerOptions["wellKnown"]>,
): string | undefined {
  if (url === `${oauthMetadata}${base}`) return wellKnown.includes("oauth") ? oauthMetadata : undefined;
  if (base !== "" && url === `${openidMetadata}${base}`)
    return wellKnown.includes("openid-inserted") ? openidMetadata : undefined;
  if (!url.startsWith(`${base}/`)) return undefined;
  const path = url.slice(base.length);
  if (path === oauthMetadata) return undefined;
  return path !== openidMetadata || wellKnown.includes("openid") ? path : undefined;
}

/** The same request with its body unread, and mounted at the path of the issuer as Express mounts. */
function again(incoming: IncomingMessage, body: string, base: string, url: string): IncomingMessage {
  const { method, headers, rawHeaders, httpVersion, socket } = incoming;
  const mounted = { method, headers, rawHeaders, httpVersion, url, originalUrl: base + url };
  // Node closes the socket of a request that is not complete once it has been read.
  const copy = Object.assign(new IncomingMessage(socket), mounted, { complete: true });
  copy.push(body);
  copy.push(null);
  return copy;
}
