/**
 * Keeps a session linked to its server: one peer at a time, opened when it is needed, replaced once per call when the
 * server has forgotten it (SES-04) or it speaks a protocol that was remembered wrongly.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import { type Observable, observable } from "../observable.ts";
import { type Deadline, type Patience, startDeadline } from "./deadline.ts";
import {
  connectionLost,
  connectTimeout,
  isStaleVerdict,
  McpRequestError,
  SessionLost,
  sessionClosed,
} from "./failures.ts";
import type { McpPeer } from "./sdk.ts";
import type { SessionState } from "./session-options.ts";

export interface LinkOptions {
  /** The server as messages name it. */
  readonly where: string;
  /** Bound on connecting, in milliseconds. */
  readonly timeoutMs: number;
  /** Stops that time while a person is asked. */
  readonly patience: Patience | undefined;
  /** What an earlier connection learned. */
  readonly prior: unknown;
  /** Open a connection. `onClose` is to be called when it ends. */
  open(prior: unknown, signal: AbortSignal, onClose: () => void): Promise<McpPeer>;
  /** What to throw for an error of a call. */
  explain(error: unknown, what: string): Promise<unknown>;
}

/** How long closing waits for the server to end its session, in milliseconds. */
const goodbyeMs = 2_000;

/** One peer and what happened to it. */
interface Connection {
  readonly peer: McpPeer;
  /** It came up on a remembered verdict alone, and has not answered yet. */
  unproven: boolean;
  ended: boolean;
  /** Calls that are under way. */
  readonly calls: Set<Promise<unknown>>;
}

export class Link {
  readonly state: Observable<SessionState> = observable<SessionState>({ status: "idle" });
  readonly #options: LinkOptions;
  readonly #lifetime = new AbortController();
  #connection: Connection | undefined;
  #prior: unknown;
  #connecting: Promise<Connection> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#prior = options.prior;
  }

  /** Aborts when the link is closed, with the error to throw then. */
  get closed(): AbortSignal {
    return this.#lifetime.signal;
  }

  get peer(): McpPeer | undefined {
    return this.#connection?.peer;
  }

  get prior(): unknown {
    return this.#prior;
  }

  /** The connection, opened if there is none. Simultaneous calls share one attempt. */
  async connect(): Promise<Connection> {
    this.closed.throwIfAborted();
    if (this.#connection !== undefined) return this.#connection;
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Run a request, on another connection when the first turns out to be of no use. */
  async call<T>(what: string, run: (peer: McpPeer) => Promise<T>): Promise<T> {
    const first = await this.connect();
    try {
      return await this.#run(first, what, run);
    } catch (error) {
      const stale = first.unproven && isStaleVerdict(error);
      if (!stale && !(error instanceof SessionLost)) throw error;
      if (stale) this.#prior = undefined;
      this.#drop(first);
    }
    const second = await this.connect();
    try {
      return await this.#run(second, what, run);
    } catch (error) {
      if (error instanceof SessionLost) {
        this.#drop(second);
        this.#fail(error);
      }
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #open(): Promise<Connection> {
    const { where, timeoutMs, patience, open } = this.#options;
    this.state.set({ status: "connecting" });
    const deadline = startDeadline(timeoutMs, () => connectTimeout(where, timeoutMs), [this.closed], patience);
    let connection: Connection | undefined;
    let ended = false;
    const attempt = open(this.#prior, deadline.signal, () => {
      ended = true;
      if (connection !== undefined) this.#lost(connection);
    });
    try {
      const peer = await deadline.race(attempt);
      if (ended) throw connectionLost(where);
      connection = { peer, unproven: this.#prior !== undefined, ended, calls: new Set() };
      this.#prior = peer.prior;
      this.#connection = connection;
      this.state.set({ status: "ready" });
      return connection;
    } catch (error) {
      // An attempt that succeeds too late leaves nothing behind.
      attempt.then((peer) => peer.close()).catch(() => {});
      this.#fail(error);
      throw error;
    } finally {
      deadline.clear();
    }
  }

  async #run<T>(connection: Connection, what: string, run: (peer: McpPeer) => Promise<T>): Promise<T> {
    const call = run(connection.peer);
    connection.calls.add(call);
    try {
      const result = await call;
      connection.unproven = false;
      return result;
    } catch (error) {
      const failure = await this.#options.explain(error, what);
      // An SDK words the end of the connection as one more failed request.
      throw connection.ended && failure instanceof McpRequestError
        ? connectionLost(this.#options.where, error)
        : failure;
    } finally {
      connection.calls.delete(call);
    }
  }

  /** Let go of a connection of no use. Its other calls are left to find out: closing it would end them unanswered. */
  #drop(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    void Promise.allSettled(connection.calls).then(() => connection.peer.close().catch(() => {}));
  }

  #lost(connection: Connection): void {
    connection.ended = true;
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#fail(connectionLost(this.#options.where));
  }

  async #shutDown(): Promise<void> {
    const peer = this.peer;
    this.#connection = undefined;
    this.state.set({ status: "closed" });
    this.#lifetime.abort(sessionClosed(this.#options.where));
    if (peer === undefined) return;
    const goodbye: Deadline = startDeadline(goodbyeMs, () => sessionClosed(this.#options.where), []);
    // Best effort: a server that is gone, or keeps its sessions, changes nothing for the caller.
    await goodbye.race(peer.endSession()).catch(() => {});
    goodbye.clear();
    await peer.close().catch(() => {});
  }

  #fail(error: unknown): void {
    if (this.closed.aborted) return;
    const { where } = this.#options;
    const shown = isSallyportError(error)
      ? error
      : new SallyportError("connect_failed", `Cannot connect to ${where}: authentication failed.`, { cause: error });
    this.state.set({ status: "failed", error: shown });
  }
}
