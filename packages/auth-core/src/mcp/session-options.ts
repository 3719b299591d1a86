/**
 * What a session is given, and what it says about itself.
 */
import type { HttpServerConfig } from "../config/types.ts";
import type { SallyportError } from "../errors.ts";
import type { AuthEventListener } from "../events.ts";
import type { OAuthPorts } from "../oauth/options.ts";
import type { Implementation, ListName, McpSdk, Progress } from "./sdk.ts";

/** What a session connects to: a parsed HTTP server, or a transport that the caller opens for the SDK in use. */
export type SessionTarget = HttpServerConfig | TransportTarget;

/** A transport of the SDK's own, such as its stdio transport. */
export interface TransportTarget {
  readonly kind: "transport";
  /** Called once per connection; `signal` aborts when the attempt to connect is given up. */
  open(sdk: McpSdk, signal: AbortSignal): unknown | Promise<unknown>;
  /** The error to show for a failed attempt, when the target knows more of it than the SDK says. */
  explain?(error: unknown): SallyportError | undefined;
}

/** How a session connects, who is asked to sign in and where that is kept, and who hears of it. */
export interface SessionOptions
  extends Pick<OAuthPorts, "account" | "dpopKeys" | "interaction" | "resolveHost" | "secrets" | "store"> {
  /** The server's name in the configuration, for messages. */
  readonly name?: string | undefined;
  /** The SDK line. Default: `sdkV2`, imported when connecting. */
  readonly sdk?: McpSdk | undefined;
  /** Sends the requests, below the authentication. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** How this client introduces itself. Default: `{ name: "sallyport", version: "0.0.0" }`. */
  readonly clientInfo?: Implementation | undefined;
  /** Follows what happens on the wire; redacted. */
  readonly onEvent?: AuthEventListener | undefined;
  /** The server's list has changed. Without it no notifications are asked for. */
  readonly onListChanged?: ((list: ListName) => void) | undefined;
  /**
   * {@link Session.prior} of an earlier session with the same server and credential: spares the question for the
   * protocol. One that is out of date costs a reconnect, never a failure.
   */
  readonly prior?: unknown;
  /** Bound on connecting and on each request, in milliseconds. Default 60000. */
  readonly timeoutMs?: number | undefined;
  /** Closes the session when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of one request. */
export interface CallOptions {
  /** Gives the request up: the promise rejects with the signal's reason, the server is told, the HTTP request ends. */
  readonly signal?: AbortSignal | undefined;
  /** Bound on this request, in milliseconds; with `onProgress` the time starts anew with each report. */
  readonly timeoutMs?: number | undefined;
  /** Asks the server to report progress. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a session is doing. `error` is set when it `failed`; the next call tries again. */
export interface SessionState {
  readonly status: "idle" | "connecting" | "ready" | "failed" | "closed";
  readonly error?: SallyportError;
}
