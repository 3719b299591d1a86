/**
 * One server as a page sees it: an observable connection, without React. It connects while somebody is subscribed
 * and closes when nobody is.
 */
import { SallyportError } from "@sallyport/auth-core/errors";
import type { Session } from "@sallyport/auth-core/mcp";
import { createActions, type McpActions } from "./actions.ts";
import { startAttempt } from "./attempt.ts";
import { appendEntry, type LogInput } from "./log.ts";
import { onOnline, reconnectDelay } from "./network.ts";
import { follow, sameValue } from "./same-value.ts";
import { type ConnectionSource, serverUrl } from "./source.ts";
import { initialSnapshot, type McpSnapshot } from "./state.ts";

/** A connection to one server. */
export class McpConnection {
  readonly actions: McpActions;
  readonly #listeners = new Set<() => void>();
  #source: ConnectionSource;
  #snapshot: McpSnapshot = initialSnapshot;
  /** Ends the attempt under way, if there is one. */
  #endAttempt: (() => void) | undefined;
  /** The open session, while `ready`. */
  #session: Session | undefined;
  /** How often a lost connection was tried again. `undefined`: there was none to lose. */
  #tries: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ignoreOnline: (() => void) | undefined;
  #settling = false;

  constructor(source: ConnectionSource) {
    this.#source = source;
    this.actions = createActions({
      session: () => this.#session,
      failure: () => this.#snapshot.error,
      server: () => serverUrl(this.#source),
      retry: () => this.#retry(),
      disconnect: () => this.#disconnect(),
    });
  }

  /** The state now; the same object until something changes. */
  readonly getState = (): McpSnapshot => this.#snapshot;

  /** The state before anything happened, which is what server rendering shows. */
  readonly getInitialState = (): McpSnapshot => initialSnapshot;

  /** Call `listener` after each change. The first one connects; when the last one has left, the connection closes. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    this.#settle();
    return () => {
      this.#listeners.delete(entry);
      this.#settle();
    };
  };

  /** Whether `source` asks for this very connection. */
  accepts(source: ConnectionSource): boolean {
    return sameValue(this.#source, source);
  }

  /** Take over the functions of an equal source: from now on they are the ones that are asked. */
  update(source: ConnectionSource): void {
    if (this.accepts(source)) this.#source = source;
  }

  /** React unsubscribes and subscribes again in one go (StrictMode): what counts is who is there after that. */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      const watched = this.#listeners.size > 0;
      if (watched && this.#ignoreOnline === undefined) this.#open();
      if (!watched) this.#close();
    });
  }

  #open(): void {
    this.#ignoreOnline = onOnline(() => this.#online());
    this.#start("discovering");
  }

  /** Close, and be as new for whoever comes next. */
  #close(): void {
    this.#end();
    this.#tries = undefined;
    this.#ignoreOnline?.();
    this.#ignoreOnline = undefined;
    this.#snapshot = Object.freeze({ ...initialSnapshot, log: this.#snapshot.log });
  }

  #retry(): void {
    if (this.#listeners.size === 0) return;
    this.#tries = undefined;
    this.#start("discovering");
  }

  #disconnect(): void {
    this.#end();
    this.#tries = undefined;
    this.#fail(new SallyportError("session_closed", "Disconnected. Call retry() to connect again."), {
      level: "info",
      message: "Disconnected",
    });
  }

  #online(): void {
    const unreached = this.#snapshot.error?.code === "connect_failed";
    if (this.#timer !== undefined || (unreached && this.#reconnects)) this.#start("connecting");
  }

  /** Start an attempt in the place of the one under way. */
  #start(state: "discovering" | "connecting"): void {
    this.#end();
    // Starting over forgets what the last connection brought; restoring one keeps it on the page.
    const kept = state === "connecting" ? {} : { ...initialSnapshot, log: this.#snapshot.log };
    this.#show({ ...kept, state, error: undefined });
    this.#endAttempt = startAttempt(
      follow(this.#source, () => this.#source),
      {
        onConnecting: () => this.#show({ state: "connecting", error: undefined }),
        onReady: (session, lists) => {
          this.#session = session;
          this.#tries = 0;
          this.#show(
            { ...lists, serverInfo: session.serverInfo, state: "ready", error: undefined },
            { level: "info", message: "Connected" },
          );
        },
        onLists: (lists) => this.#show(lists),
        onEnd: (error) => this.#ended(error),
        onLog: (entry) => this.#show({}, entry),
      },
    );
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#session = undefined;
    this.#endAttempt?.();
    this.#endAttempt = undefined;
  }

  #ended(error: SallyportError): void {
    this.#end();
    const entry: LogInput = { level: "error", message: `${error.code}: ${error.message}` };
    if (error.code !== "connect_failed" || this.#tries === undefined || !this.#reconnects) {
      this.#fail(error, entry);
      return;
    }
    this.#timer = setTimeout(() => this.#start("connecting"), reconnectDelay(this.#tries));
    this.#tries += 1;
    this.#show({ state: "connecting", error: undefined }, entry);
  }

  get #reconnects(): boolean {
    return this.#source.settings.autoReconnect !== false;
  }

  #fail(error: SallyportError, entry: LogInput): void {
    this.#show({ ...initialSnapshot, log: this.#snapshot.log, state: "failed", error }, entry);
  }

  #show(change: Partial<McpSnapshot>, entry?: LogInput): void {
    const log = entry === undefined ? {} : { log: appendEntry(this.#snapshot.log, entry) };
    this.#snapshot = Object.freeze({ ...this.#snapshot, ...change, ...log } as McpSnapshot);
    for (const listener of [...this.#listeners]) listener();
  }
}
