/**
 * How a target becomes a connected peer: which transport is tried, and what a failure means. Streamable HTTP, then
 * HTTP+SSE for servers that are older than it (MCP transports, backwards compatibility).
 */
import type { HttpServerConfig } from "../config/types.ts";
import type { SallyportError } from "../errors.ts";
import { type JudgedFetch, judgedFetch } from "./connection-fetch.ts";
import { connectFailure, type FailureContext, HttpFailure } from "./failures.ts";
import type { ConnectionFetch, ConnectOptions, McpPeer, McpSdk } from "./sdk.ts";

/** What is common to every attempt at one server. */
export interface PeerOptions extends ConnectOptions, FailureContext {
  readonly signal: AbortSignal;
}

/** A peer over HTTP. Throws what {@link connectFailure} makes of a failure. */
export async function connectHttp(
  server: HttpServerConfig,
  fetch: ConnectionFetch,
  options: PeerOptions,
): Promise<McpPeer> {
  if (server.transport !== "auto") return attempt(server, server.transport, fetch, options);
  try {
    return await attempt(server, "http", fetch, options);
  } catch (error) {
    if (!isOlderServer(error)) throw error;
    try {
      return await attempt(server, "sse", fetch, options);
    } catch (sseError) {
      // Of two answers that say "not here" the first is the one to act on.
      throw sseError instanceof HttpFailure ? error : sseError;
    }
  }
}

/** A transport of the SDK's own, such as its stdio transport. */
export interface TransportTarget {
  readonly kind: "transport";
  /** Called once per connection; `signal` aborts when the attempt to connect is given up. */
  open(sdk: McpSdk, signal: AbortSignal): unknown | Promise<unknown>;
  /** The error to show for a failed attempt, when the target knows more of it than the SDK says. */
  explain?(error: unknown): SallyportError | undefined;
}

/** A peer over a transport that the caller brings. */
export async function connectTransport(target: TransportTarget, options: PeerOptions): Promise<McpPeer> {
  try {
    return await options.sdk.connectTransport(await target.open(options.sdk, options.signal), options);
  } catch (error) {
    throw target.explain?.(error) ?? connectFailure(error, options);
  }
}

async function attempt(
  server: HttpServerConfig,
  transport: "http" | "sse",
  fetch: ConnectionFetch,
  options: PeerOptions,
): Promise<McpPeer> {
  let peer: McpPeer | undefined;
  const judged: JudgedFetch = judgedFetch({
    where: options.where,
    transport,
    credentialGiven: isCredentialGiven(server),
    fetch,
    thrownByFetch: options.thrownByFetch,
    signal: options.signal,
    onStreamLost: () => void peer?.close().catch(() => {}),
  });
  try {
    peer = await options.sdk.connectHttp({ ...options, url: new URL(server.url), transport, fetch: judged.fetch });
    return peer;
  } catch (error) {
    throw connectFailure(transport === "sse" ? (judged.lastFailure() ?? error) : error, options);
  }
}

/** The statuses with which a server that knows HTTP+SSE alone answers a POST; never 401 or 403 (HDR-06). */
function isOlderServer(error: unknown): boolean {
  return error instanceof HttpFailure && !error.fromMcp && [400, 404, 405].includes(error.status);
}

/** Whether the configuration holds a credential, as far as that can be told: a 401 then means another thing. */
function isCredentialGiven({ auth, headers }: HttpServerConfig): boolean {
  if (auth !== undefined && !("type" in auth && auth.type === "none")) return true;
  return Object.keys(headers).some((name) => /auth|cookie|key|token|secret|signature/i.test(name));
}
