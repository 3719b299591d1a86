/**
 * A small correct authorization server, and an endpoint that it protects, on Node's HTTP alone: a test spoils one thing of
 * it and sees what its client does.
 */
import { listen } from "../listen.ts";
import { signIn } from "./browser.ts";
import { type OAuthEndpoint, paramsOf, parseObject, requestLog } from "./request-log.ts";
import { answerJson } from "./scripted-answers.ts";
import { grants, type Outcome } from "./scripted-grants.ts";
import type { Exchange, Script, ScriptedAnswer, ScriptedAuthorizationServer } from "./scripted-types.ts";

/**
 * Start a server.
 *
 * @param script - what it does wrong; may be changed at any time.
 * @example
 * ```ts
 * const server = await scriptedAuthorizationServer({
 *   authorizationResponse: (params) => params.set("iss", "https://evil.example"),
 * });
 * server.script.on = { token: answerFirst(1, answerStatus(503)) };
 * ```
 */
export async function scriptedAuthorizationServer(script: Script = {}): Promise<ScriptedAuthorizationServer> {
  const { issuerPath = "" } = script;
  const log = requestLog();
  const state = grants();
  const places = placesBelow(issuerPath);

  const usual: Readonly<Record<OAuthEndpoint, ScriptedAnswer>> = {
    metadata: (exchange) => {
      const document = serverMetadata(issuer);
      return answerJson(script.metadata?.(document) ?? document)(exchange);
    },
    resource_metadata: (exchange) => {
      const document = {
        resource,
        authorization_servers: [issuer],
        scopes_supported: ["mcp:read"],
        bearer_methods_supported: ["header"],
      };
      return answerJson(script.resourceMetadata?.(document) ?? document)(exchange);
    },
    registration: (exchange) => send(exchange, state.register(parseObject(exchange.request.body))),
    authorization: ({ params, response }) => {
      const target = new URL(params["redirect_uri"] ?? "");
      const answer = new URLSearchParams({ ...state.code(params), state: params["state"] ?? "", iss: issuer });
      script.authorizationResponse?.(answer);
      for (const [name, value] of answer) target.searchParams.append(name, value);
      response.writeHead(302, { location: target.href }).end();
    },
    token: (exchange) => {
      const { status, body } = state.token(exchange.params, script.accessTokenSeconds ?? 3600);
      const changed = status === 200 ? (script.tokenResponse?.(body) ?? body) : body;
      return answerJson(changed, status)(exchange);
    },
    revocation: ({ params, response }) => {
      state.revoke(params["token"] ?? "");
      response.writeHead(200).end();
    },
    introspection: (exchange) => answerJson({ active: state.good(exchange.params["token"]) })(exchange),
    device_authorization: answerJson({ error: "unauthorized_client" }, 400),
    jwks: answerJson({ keys: [] }),
    resource: (exchange) => {
      const [, token] = /^Bearer (.+)$/.exec(exchange.request.headers.authorization ?? "") ?? [];
      if (state.good(token)) return answerJson({ ok: true })(exchange);
      const error = token === undefined ? "" : 'error="invalid_token", ';
      const challenge = `Bearer ${error}scope="mcp:read", resource_metadata="${server.url}${resourceMetadataPath}"`;
      exchange.response.writeHead(401, { "www-authenticate": script.challenge?.(challenge) ?? challenge }).end();
    },
  };

  const server = await listen(async (request, response, incoming) => {
    const path = new URL(request.url, "http://server").pathname;
    const place = places[path];
    log.add(request, place, response);
    const params = paramsOf(request);
    const own = async (): Promise<void> => {
      if (place === undefined) response.writeHead(404).end();
      else await usual[place](exchange);
    };
    const exchange: Exchange = { request, response, incoming, params, usual: own };
    const scripted = script.on?.[path as `/${string}`] ?? (place === undefined ? undefined : script.on?.[place]);
    await (scripted === undefined ? own() : scripted(exchange));
  });
  const issuer = server.url + issuerPath;
  const resource = server.url + resourcePath;

  return {
    issuer,
    url: server.url,
    port: server.port,
    resource,
    script,
    requests: log.requests,
    count: log.count,
    signIn,
    expireAccessTokens: state.expireAccessTokens,
    killClients: state.killClients,
    close: server.close,
  };
}

const resourcePath = "/mcp";
const resourceMetadataPath = `/.well-known/oauth-protected-resource${resourcePath}`;

function placesBelow(issuerPath: string): Readonly<Record<string, OAuthEndpoint>> {
  return {
    [resourcePath]: "resource",
    [resourceMetadataPath]: "resource_metadata",
    [`/.well-known/oauth-authorization-server${issuerPath}`]: "metadata",
    [`${issuerPath}/authorize`]: "authorization",
    [`${issuerPath}/token`]: "token",
    [`${issuerPath}/register`]: "registration",
    [`${issuerPath}/revoke`]: "revocation",
    [`${issuerPath}/introspect`]: "introspection",
    [`${issuerPath}/jwks`]: "jwks",
  };
}

function serverMetadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: ["mcp:read", "mcp:write", "offline_access"],
  };
}

function send(exchange: Exchange, { status, body }: Outcome): void | Promise<void> {
  return answerJson(body, status)(exchange);
}
