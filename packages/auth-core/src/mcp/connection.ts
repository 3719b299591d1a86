/**
 * How a target becomes a connected peer: which transport is tried, and what a failure means. Streamable HTTP, then
 * HTTP+SSE for servers that are older than it (MCP transports, backwards compatibility).
 */
import type { HttpServerConfig } from "../config/types.ts";
import { type JudgedFetch, judgedFetch } from "./connection-fetch.ts";
import { connectFailure, connectionLost, type FailureContext, HttpFailure } from "./failures.ts";
import type { ConnectionFetch, ConnectOptions, McpPeer } from "./sdk.ts";
import { isCredentialGiven } from "./session-auth.ts";
import type { TransportTarget } from "./session-options.ts";

/** What is common to every attempt at one server. */
export interface PeerOptions extends ConnectOptions, FailureContext {
  readonly signal: AbortSignal;
  /** Whether somebody has signed in: a 401 then means another thing. */
  readonly signedIn: () => boolean;
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

/** A peer over a transport that the caller brings. */
export async function connectTransport(target: TransportTarget, options: PeerOptions): Promise<McpPeer> {
  const { sdk, signal } = options;
  try {
    return await onePeer(options, async (own) => sdk.connectTransport(await target.open(sdk, signal), own));
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
    credentialGiven: () => options.signedIn() || isCredentialGiven(server),
    fetch,
    thrownByFetch: options.thrownByFetch,
    sent: options.sent,
    signal: options.signal,
    onStreamLost: () => void peer?.close().catch(() => {}),
  });
  const url = new URL(server.url);
  try {
    peer = await onePeer(options, (own) => options.sdk.connectHttp({ ...own, url, transport, fetch: judged.fetch }));
    return peer;
  } catch (error) {
    throw connectFailure(transport === "sse" ? (judged.lastFailure() ?? error) : error, options);
  }
}

/** An attempt that fails ends too: `onClose` is told of the peer that came of it, and of no other. */
async function onePeer(options: PeerOptions, connect: (own: PeerOptions) => Promise<McpPeer>): Promise<McpPeer> {
  let peer: McpPeer | undefined;
  let ended = false;
  const onClose = (): void => {
    ended = true;
    if (peer !== undefined) options.onClose();
  };
  peer = await connect({ ...options, onClose });
  if (ended) throw connectionLost(options.where);
  return peer;
}

/** The statuses with which a server that knows HTTP+SSE alone answers a POST; never 401 or 403 (HDR-06). */
function isOlderServer(error: unknown): boolean {
  return error instanceof HttpFailure && !error.fromMcp && [400, 404, 405].includes(error.status);
}
