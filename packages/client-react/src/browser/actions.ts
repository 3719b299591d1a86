/**
 * What can be done with a connection. The functions keep their identity as long as the connection lives.
 */
import { SallyportError } from "@sallyport/auth-core/errors";
import type {
  CallOptions,
  CallToolResult,
  GetPromptResult,
  ReadResourceResult,
  Session,
} from "@sallyport/auth-core/mcp";
import { explain } from "./failure.ts";

/**
 * The requests reject with `session_closed` unless `state` is `ready`, and as the server answers with
 * `unauthorized`, `insufficient_scope`, `connect_failed`, ….
 */
export interface McpActions {
  readonly callTool: (
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ) => Promise<CallToolResult>;
  readonly readResource: (uri: string, options?: CallOptions) => Promise<ReadResourceResult>;
  readonly getPrompt: (
    name: string,
    args?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ) => Promise<GetPromptResult>;
  /** Start over, whatever the state. */
  readonly retry: () => void;
  /** Close the connection: `state` is `failed` with `session_closed` until `retry()`. */
  readonly disconnect: () => void;
  /** Rejects with `auth_unsupported`: this version signs nobody in with OAuth. */
  readonly authenticate: () => Promise<void>;
  /** Rejects with `auth_unsupported`: this version keeps no sign-in that could be ended. */
  readonly signOut: () => Promise<void>;
}

/** What actions are made of. */
export interface ActionPorts {
  /** The open session, or `undefined` unless `ready`. */
  session(): Session | undefined;
  /** Why there is none. */
  failure(): SallyportError | undefined;
  /** Where the server is. */
  server(): URL | undefined;
  retry(): void;
  disconnect(): void;
}

export function createActions(ports: ActionPorts): McpActions {
  const request = async <T>(send: (session: Session) => Promise<T>): Promise<T> => {
    const session = ports.session();
    if (session === undefined) throw notConnected(ports.failure());
    try {
      return await send(session);
    } catch (error) {
      throw explain(error, ports.server());
    }
  };
  return Object.freeze<McpActions>({
    callTool: (name, args, options) => request((session) => session.callTool(name, args, options)),
    readResource: (uri, options) => request((session) => session.readResource(uri, options)),
    getPrompt: (name, args, options) => request((session) => session.getPrompt(name, args, options)),
    retry: () => ports.retry(),
    disconnect: () => ports.disconnect(),
    authenticate: async () => {
      throw new SallyportError(
        "auth_unsupported",
        "Signing in with OAuth is not part of this version. Set authToken, auth or headers to a credential for this server.",
      );
    },
    signOut: async () => {
      throw new SallyportError(
        "auth_unsupported",
        "There is no sign-in to end: the credential comes from the options. Remove it there, or call disconnect().",
      );
    },
  });
}

function notConnected(failure: SallyportError | undefined): SallyportError {
  return failure === undefined
    ? new SallyportError("session_closed", "Not connected yet. Wait until `state` is `ready`.")
    : new SallyportError("session_closed", `Not connected: ${failure.message}`, { cause: failure });
}
