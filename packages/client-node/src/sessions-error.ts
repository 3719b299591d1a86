/**
 * Some of several servers did not connect. Holds those that did as well, so that one failing server loses no other.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { Session } from "@sallyport/auth-core/mcp";

/**
 * What `createAllSessions` rejects with, once every server has answered one way or the other.
 *
 * @example
 * ```ts
 * import { type MCPClient, SessionsError } from "@sallyport/client-node";
 *
 * declare const client: MCPClient;
 * const sessions = await client.createAllSessions().catch((error: unknown) => {
 *   if (!(error instanceof SessionsError)) throw error;
 *   return error.sessions; // go on with those that did connect
 * });
 * ```
 */
export class SessionsError extends SallyportError<"connect_failed"> {
  readonly #sessions: ReadonlyMap<string, Session>;
  readonly #failures: ReadonlyMap<string, Error>;

  constructor(sessions: ReadonlyMap<string, Session>, failures: ReadonlyMap<string, Error>) {
    const total = sessions.size + failures.size;
    const lines = [...failures].map(([name, error]) => `\n${name}: ${error.message}`);
    super("connect_failed", `${failures.size} of ${total} servers did not connect:${lines.join("")}`, {
      cause: new AggregateError(failures.values()),
    });
    this.#sessions = sessions;
    this.#failures = failures;
  }

  override get name(): string {
    return "SessionsError";
  }

  /** The sessions that are connected, and stay so, by server name. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions;
  }

  /** Why each of the others failed, by server name. */
  get failures(): ReadonlyMap<string, Error> {
    return this.#failures;
  }
}
