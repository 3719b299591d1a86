/**
 * What is loaded when a connection is made and not with the page: the config schema, the auth schemes, the session.
 * The MCP SDK follows when the session connects.
 */
import { type HttpServerConfig, parseConfig, parseServerConfig, SallyportError } from "@sallyport/auth-core";
import { type McpSdk, Session, type SessionOptions } from "@sallyport/auth-core/mcp";
import { isPlainObject } from "./same-value.ts";
import type { ClientSettings, ConnectionSource } from "./source.ts";

/** Options of signing in with OAuth, which this version does not do. */
const signInOptions = ["callbackUrl", "clientMetadataUrl", "preventAutoAuth", "scope", "storage", "useRedirectFlow"];

/**
 * Check a source and make its session, without sending anything.
 *
 * @throws `config_invalid` and the other codes of the config schema, `auth_unsupported`.
 */
export async function createSession(
  source: ConnectionSource,
  options: Pick<SessionOptions, "signal" | "onEvent" | "onListChanged">,
): Promise<Session> {
  const { settings } = source;
  refuseSignInOptions(source.entry);
  const server = parseSource(source);
  return new Session(server, {
    ...options,
    ...(source.place && { name: source.place.name }),
    ...(settings.fetch && { fetch: settings.fetch }),
    ...(settings.timeoutMs !== undefined && { timeoutMs: settings.timeoutMs }),
    ...(settings.clientName !== undefined && { clientInfo: { name: settings.clientName, version: "0.0.0" } }),
    ...(settings.sdk && { sdk: await loadSdk(settings.sdk) }),
  });
}

function parseSource({ entry, place }: ConnectionSource): HttpServerConfig {
  const server = place
    ? parseConfig({ ...place.document, mcpServers: { [place.name]: entry } }).mcpServers[place.name]
    : parseServerConfig(entry);
  if (server?.kind === "http") return refuseSignIn(refuseOwnNetwork(server));
  throw new SallyportError(
    "config_invalid",
    "A web page cannot start a process: this server has `command`. Use it with @sallyport/client-node, or give it a `url`.",
  );
}

/** A page has no say in certificates and proxies: to connect without them would not be what was asked for. */
function refuseOwnNetwork(server: HttpServerConfig): HttpServerConfig {
  const found = server.tls ? "tls" : server.proxy ? "proxy" : undefined;
  if (found === undefined) return server;
  throw new SallyportError(
    "auth_unsupported",
    `\`${found}\` is for Node: in a web page the browser alone decides on certificates and proxies. Set it up in the browser and leave \`${found}\` out, or use @sallyport/client-node.`,
  );
}

/** A sign-in needs somebody to ask, and a page has no way to ask yet. */
function refuseSignIn(server: HttpServerConfig): HttpServerConfig {
  const { auth } = server;
  if (typeof auth !== "object" || !("type" in auth) || auth.type !== "oauth") return server;
  throw new SallyportError(
    "auth_unsupported",
    'auth type "oauth" is valid in a configuration, but this version of @sallyport/client-react signs nobody in. Set authToken, auth or headers to a credential for this server.',
  );
}

function refuseSignInOptions(entry: unknown): void {
  const found = isPlainObject(entry) && signInOptions.find((key) => Object.hasOwn(entry, key));
  if (!found) return;
  throw new SallyportError(
    "auth_unsupported",
    `\`${found}\` belongs to signing in with OAuth, which this version does not do. Leave it out and set authToken, auth or headers.`,
  );
}

async function loadSdk(sdk: NonNullable<ClientSettings["sdk"]>): Promise<McpSdk> {
  return typeof sdk === "function" ? sdk() : sdk;
}
