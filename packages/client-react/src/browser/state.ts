/**
 * What a connection looks like from outside at one moment. A snapshot is frozen and keeps its identity until
 * something changes; it holds no credential.
 */
import type { SallyportError } from "@sallyport/auth-core/errors";
import type { Implementation, Prompt, Resource, Tool } from "@sallyport/auth-core/mcp";
import type { LogEntry } from "./log.ts";

/**
 * Where a connection stands.
 *
 * | state | meaning |
 * |---|---|
 * | `discovering` | the client is loaded and the options are checked; nothing is sent yet |
 * | `pending_auth` | a person has to sign in |
 * | `popup_blocked` | the browser refused to open the sign-in window |
 * | `authenticating` | the sign-in window is open |
 * | `connecting` | the server is being reached, for the first time or again |
 * | `ready` | connected; tools, resources and prompts are listed |
 * | `failed` | not connected; `error` says why |
 */
export type McpConnectionState =
  | "discovering"
  | "pending_auth"
  | "popup_blocked"
  | "authenticating"
  | "connecting"
  | "ready"
  | "failed";

/** A connection at one moment. `error` is there exactly when `state` is `failed`. */
export type McpSnapshot = McpContent &
  (
    | { readonly state: "failed"; readonly error: SallyportError }
    | { readonly state: Exclude<McpConnectionState, "failed">; readonly error: undefined }
  );

/** What a connection has brought so far. */
export interface McpContent {
  /** The server's tools; empty until `ready`. Kept while a lost connection is being restored. */
  readonly tools: readonly Tool[];
  readonly resources: readonly Resource[];
  readonly prompts: readonly Prompt[];
  /** Name and version the server gave. */
  readonly serverInfo: Implementation | undefined;
  /** Where a person signs in, when a link has to be shown. */
  readonly authUrl: string | undefined;
  /** What happened, oldest first: at most 100 entries, redacted. */
  readonly log: readonly LogEntry[];
}

/** Before anything happened; what server rendering shows. */
export const initialSnapshot: McpSnapshot = Object.freeze({
  state: "discovering",
  error: undefined,
  tools: Object.freeze([]),
  resources: Object.freeze([]),
  prompts: Object.freeze([]),
  serverInfo: undefined,
  authUrl: undefined,
  log: Object.freeze([]),
});
