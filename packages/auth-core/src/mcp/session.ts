/**
 * A session with one MCP server: an observable state machine that connects when it is first used, keeps the connection
 * through what can be mended without asking, and says in a typed error what cannot.
 */
import type { HttpServerConfig } from "../config/types.ts";
import { createAuth } from "../create-auth.ts";
import { isSallyportError, quoteForeign, SallyportError } from "../errors.ts";
import type { AuthEventListener } from "../events.ts";
import { createAuthFetch } from "../fetch/auth-fetch.ts";
import type { SecretReader } from "../secrets/source.ts";
import { connectHttp, connectTransport, type PeerOptions, type TransportTarget } from "./connection.ts";
import { markNetworkFailures } from "./connection-fetch.ts";
import { startDeadline } from "./deadline.ts";
import { type FailureContext, isStaleVerdict, requestFailure, SessionLost, type ThrownByFetch } from "./failures.ts";
import type {
  CallToolResult,
  CompleteResult,
  CompletionReference,
  ConnectionFetch,
  GetPromptResult,
  Implementation,
  ListName,
  McpPeer,
  McpSdk,
  PeerCallOptions,
  Progress,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerCapabilities,
  Tool,
  TransportName,
} from "./sdk.ts";

/** What a session connects to: a parsed HTTP server, or a transport that the caller opens for the SDK in use. */
export type SessionTarget = HttpServerConfig | TransportTarget;

export interface SessionOptions {
  /** The server's name in the configuration, for messages. */
  readonly name?: string | undefined;
  /** The SDK line. Default: `sdkV2`, imported when connecting. */
  readonly sdk?: McpSdk | undefined;
  /** Sends the requests, below the authentication. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Reads secret sources of the target's `auth` and `headers`. */
  readonly secrets?: SecretReader | undefined;
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

const defaultTimeoutMs = 60_000;
/** How long closing waits for the server to end its session, in milliseconds. */
const goodbyeMs = 2_000;

/**
 * A session with one MCP server, the same over both SDK lines and all transports.
 *
 * Calls connect when the session is not connected. A server that has forgotten the session (SES-04) and a protocol
 * verdict that is out of date are mended once, by reconnecting. Calls reject with `request_failed` when the server answers with
 * a JSON-RPC error ({@link McpRequestError}), `request_timeout`, `session_closed`, the errors of {@link Session.connect},
 * or what the authentication threw.
 *
 * @example
 * ```ts
 * import { parseServerConfig } from "@sallyport/auth-core";
 * import { Session } from "@sallyport/auth-core/mcp";
 * import type { HttpServerConfig } from "@sallyport/auth-core";
 *
 * const server = parseServerConfig({ url: "http://127.0.0.1:8000/mcp", authToken: "demo-token" }) as HttpServerConfig;
 * const session = await new Session(server).connect();
 * const { content } = await session.callTool("whoami");
 * await session.close();
 * ```
 */
export class Session {
  readonly #target: SessionTarget;
  readonly #options: SessionOptions;
  readonly #where: string;
  readonly #fetch: ConnectionFetch | undefined;
  readonly #thrownByFetch: ThrownByFetch = new WeakSet();
  readonly #listeners = new Set<() => void>();
  readonly #lifetime = new AbortController();
  readonly #ended = new WeakSet<McpPeer>();
  #state: SessionState = Object.freeze({ status: "idle" });
  #sdk: McpSdk | undefined;
  #peer: McpPeer | undefined;
  /** A peer that came up on a remembered verdict alone, and has not answered yet. */
  #unproven: McpPeer | undefined;
  #prior: unknown;
  #connecting: Promise<this> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Nothing is sent before the first use.
   *
   * @param target - a parsed HTTP server, or a transport to open.
   * @throws SallyportError what `createAuth` throws for the target's `auth`.
   */
  constructor(target: SessionTarget, options: SessionOptions = {}) {
    this.#target = target;
    this.#options = options;
    this.#sdk = options.sdk;
    this.#prior = options.prior;
    this.#where = describeTarget(target, options.name);
    this.#fetch = target.kind === "http" ? authenticatedFetch(target, options) : undefined;
    const { signal } = options;
    if (signal?.aborted) void this.close();
    else signal?.addEventListener("abort", () => void this.close(), { once: true, signal: this.#lifetime.signal });
  }

  /** The state now. The same object until something changes. */
  readonly getState = (): SessionState => this.#state;

  /** Call `listener` after each change of state. Returns what ends that. A listener that throws does not disturb the others. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** What the server says it is. Undefined before connecting, and for servers that do not say. */
  get serverInfo(): Implementation | undefined {
    return this.#peer?.serverInfo;
  }

  get capabilities(): ServerCapabilities | undefined {
    return this.#peer?.capabilities;
  }

  /** What the server wants a model to know. Foreign text. */
  get instructions(): string | undefined {
    return this.#peer?.instructions;
  }

  /** The negotiated protocol version, such as `2026-07-28`. */
  get protocolVersion(): string | undefined {
    return this.#peer?.protocolVersion;
  }

  /** What carries the session: `http` (Streamable HTTP), `sse` or `custom`. */
  get transport(): TransportName | undefined {
    return this.#peer?.transport;
  }

  /** What a later session with this server and credential may be given: plain JSON without secrets, or undefined. */
  get prior(): unknown {
    return this.#prior;
  }

  /** The SDK's own `Client`, for what a session has no method for. */
  get raw(): unknown {
    return this.#peer?.raw;
  }

  /**
   * Connect, unless connected. Simultaneous calls share one attempt.
   *
   * @throws SallyportError `authorization_required` (401, no credential given), `unauthorized` (the credential is refused),
   * `insufficient_scope`, `temporarily_unavailable` (429, 503), `connect_failed`, `session_closed`; or what the authentication threw, as it is.
   */
  connect(): Promise<this> {
    if (this.#state.status === "closed") return Promise.reject(this.#closedError());
    if (this.#peer !== undefined) return Promise.resolve(this);
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Every tool. Empty when the server has none. */
  async listTools(options?: CallOptions): Promise<Tool[]> {
    return this.#list("tools", "tools/list", (peer, call) => peer.listTools(call), options);
  }

  /** Call a tool. A tool that fails gives a result with `isError`. */
  async callTool(
    name: string,
    args: Readonly<Record<string, unknown>> = {},
    options?: CallOptions,
  ): Promise<CallToolResult> {
    return this.#call(`tools/call ${quoteForeign(name)}`, (peer, call) => peer.callTool(name, args, call), options);
  }

  /** Every resource with a fixed URI. Empty when the server has none. */
  async listResources(options?: CallOptions): Promise<Resource[]> {
    return this.#list("resources", "resources/list", (peer, call) => peer.listResources(call), options);
  }

  /** Every resource template. Empty when the server has none. */
  async listResourceTemplates(options?: CallOptions): Promise<ResourceTemplateType[]> {
    return this.#list(
      "resources",
      "resources/templates/list",
      (peer, call) => peer.listResourceTemplates(call),
      options,
    );
  }

  /** The contents of a resource. */
  async readResource(uri: string, options?: CallOptions): Promise<ReadResourceResult> {
    return this.#call(`resources/read ${quoteForeign(uri)}`, (peer, call) => peer.readResource(uri, call), options);
  }

  /** Every prompt. Empty when the server has none. */
  async listPrompts(options?: CallOptions): Promise<Prompt[]> {
    return this.#list("prompts", "prompts/list", (peer, call) => peer.listPrompts(call), options);
  }

  /** A prompt, filled in. */
  async getPrompt(
    name: string,
    args: Readonly<Record<string, string>> = {},
    options?: CallOptions,
  ): Promise<GetPromptResult> {
    return this.#call(`prompts/get ${quoteForeign(name)}`, (peer, call) => peer.getPrompt(name, args, call), options);
  }

  /** What an argument of a prompt or a variable of a resource template may be completed to. */
  async complete(
    reference: CompletionReference,
    argument: { readonly name: string; readonly value: string },
    options?: CallOptions,
  ): Promise<CompleteResult> {
    return this.#call("completion/complete", (peer, call) => peer.complete(reference, argument, call), options);
  }

  /**
   * End the session for good: calls that are under way reject with `session_closed`, a server-side session is ended
   * (at most two seconds are spent on that). Calling it again does nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #open(): Promise<this> {
    this.#setState({ status: "connecting" });
    const timeoutMs = this.#options.timeoutMs ?? defaultTimeoutMs;
    const deadline = startDeadline(timeoutMs, () => this.#connectTimeout(timeoutMs), [this.#lifetime.signal]);
    const attempt = this.#openPeer(deadline.signal, timeoutMs);
    try {
      const peer = await deadline.race(attempt);
      if (this.#ended.has(peer)) throw this.#connectionLost(undefined);
      this.#unproven = this.#prior === undefined ? undefined : peer;
      this.#prior = peer.prior;
      this.#peer = peer;
      this.#setState({ status: "ready" });
      return this;
    } catch (error) {
      // An attempt that succeeds too late leaves nothing behind.
      attempt.then((peer) => peer.close()).catch(() => {});
      this.#fail(error);
      throw error;
    } finally {
      deadline.clear();
    }
  }

  async #openPeer(signal: AbortSignal, timeoutMs: number): Promise<McpPeer> {
    const sdk = await this.#loadSdk();
    const target = this.#target;
    let opened: McpPeer | undefined;
    const options: PeerOptions = {
      ...this.#failureContext(sdk),
      clientInfo: this.#options.clientInfo ?? { name: "sallyport", version: "0.0.0" },
      prior: this.#prior,
      signal,
      timeoutMs,
      onListChanged: this.#options.onListChanged && ((list) => this.#options.onListChanged?.(list)),
      onClose: () => this.#connectionEnded(opened),
    };
    opened =
      target.kind === "http" && this.#fetch !== undefined
        ? await connectHttp(target, this.#fetch, options)
        : await connectTransport(target as TransportTarget, options);
    return opened;
  }

  async #loadSdk(): Promise<McpSdk> {
    if (this.#sdk === undefined) {
      try {
        // Imported when connecting, so that a page loads without it.
        this.#sdk = (await import("./sdk-v2.ts")).sdkV2;
      } catch (cause) {
        const advice = "Install @modelcontextprotocol/client, or pass sdkV1 and install @modelcontextprotocol/sdk";
        throw new SallyportError("connect_failed", `Cannot load the MCP SDK. ${advice}.`, { cause });
      }
    }
    return this.#sdk;
  }

  async #list<T>(
    capability: "tools" | "resources" | "prompts",
    what: string,
    run: (peer: McpPeer, call: PeerCallOptions) => Promise<T[]>,
    options: CallOptions | undefined,
  ): Promise<T[]> {
    // A server that does not offer a kind answers "method not found": to the caller that is an empty list.
    return this.#call(what, async (peer, call) => (peer.capabilities?.[capability] ? run(peer, call) : []), options);
  }

  async #call<T>(
    what: string,
    run: (peer: McpPeer, call: PeerCallOptions) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    if (this.#state.status === "closed") throw this.#closedError();
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs;
    const timeoutError = (): Error => this.#requestTimeout(what, timeoutMs);
    const deadline = startDeadline(timeoutMs, timeoutError, [options.signal, this.#lifetime.signal]);
    const { onProgress } = options;
    const call: PeerCallOptions = {
      signal: deadline.signal,
      ...(onProgress && {
        onProgress: (progress) => {
          deadline.extend();
          onProgress(progress);
        },
      }),
    };
    try {
      return await deadline.race(this.#callWithRepair(what, (peer) => run(peer, call)));
    } finally {
      deadline.clear();
    }
  }

  /** One repair per call: a new session for a lost one, the negotiated protocol for a remembered one that is wrong. */
  async #callWithRepair<T>(what: string, run: (peer: McpPeer) => Promise<T>): Promise<T> {
    await this.connect();
    const peer = this.#connectedPeer();
    try {
      return await this.#callOnce(what, peer, run);
    } catch (error) {
      const stale = this.#unproven === peer && isStaleVerdict(error);
      if (!stale && !(error instanceof SessionLost)) throw error;
      if (stale) this.#prior = undefined;
      this.#drop(peer);
    }
    await this.connect();
    const fresh = this.#connectedPeer();
    try {
      return await this.#callOnce(what, fresh, run);
    } catch (error) {
      if (error instanceof SessionLost) this.#drop(fresh, error);
      throw error;
    }
  }

  async #callOnce<T>(what: string, peer: McpPeer, run: (peer: McpPeer) => Promise<T>): Promise<T> {
    try {
      const result = await run(peer);
      if (this.#unproven === peer) this.#unproven = undefined;
      return result;
    } catch (error) {
      const failure = requestFailure(error, what, this.#failureContext(await this.#loadSdk()));
      if (this.#peer === peer || failure instanceof SessionLost) throw failure;
      throw this.#connectionLost(error);
    }
  }

  #connectedPeer(): McpPeer {
    if (this.#peer === undefined) throw this.#connectionLost(undefined);
    return this.#peer;
  }

  /** Let go of a connection that is of no use any more; the server knows nothing of it, so it is not told. */
  #drop(peer: McpPeer, error?: SallyportError): void {
    if (this.#peer !== peer) return;
    this.#peer = undefined;
    void peer.close().catch(() => {});
    if (error !== undefined) this.#fail(error);
  }

  #connectionEnded(peer: McpPeer | undefined): void {
    if (peer === undefined) return;
    this.#ended.add(peer);
    if (this.#peer !== peer) return;
    this.#peer = undefined;
    this.#fail(this.#connectionLost(undefined));
  }

  async #shutDown(): Promise<void> {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#setState({ status: "closed" });
    this.#lifetime.abort(this.#closedError());
    if (peer === undefined) return;
    const goodbye = startDeadline(goodbyeMs, () => this.#closedError(), []);
    // Best effort: a server that is gone, or keeps its sessions, changes nothing for the caller.
    await goodbye.race(peer.endSession()).catch(() => {});
    goodbye.clear();
    await peer.close().catch(() => {});
  }

  #fail(error: unknown): void {
    if (this.#state.status === "closed") return;
    const shown = isSallyportError(error)
      ? error
      : new SallyportError("connect_failed", `Cannot connect to ${this.#where}: authentication failed.`, {
          cause: error,
        });
    this.#setState({ status: "failed", error: shown });
  }

  #setState(state: SessionState): void {
    if (this.#state.status === "closed") return;
    this.#state = Object.freeze(state);
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch {
        // A listener's error is its own: the state has changed all the same.
      }
    }
  }

  #failureContext(sdk: McpSdk): FailureContext {
    return { where: this.#where, sdk, thrownByFetch: this.#thrownByFetch };
  }

  #closedError(): SallyportError {
    return new SallyportError("session_closed", `The session with ${this.#where} is closed. Create another one.`);
  }

  #connectionLost(cause: unknown): SallyportError {
    const message = `The connection to ${this.#where} ended before the answer came. The next call connects again.`;
    return new SallyportError("connect_failed", message, { cause });
  }

  #connectTimeout(milliseconds: number): SallyportError {
    const message = `No connection to ${this.#where} within ${milliseconds} ms. Check that it is an MCP server, or raise timeoutMs.`;
    return new SallyportError("connect_failed", message);
  }

  #requestTimeout(what: string, milliseconds: number): SallyportError {
    const message = `No answer from ${this.#where} to ${what} within ${milliseconds} ms. Raise timeoutMs if it needs longer.`;
    return new SallyportError("request_timeout", message);
  }
}

/** The server as messages name it: no query and no user information, which may hold secrets. */
function describeTarget(target: SessionTarget, name: string | undefined): string {
  const label = name === undefined ? undefined : quoteForeign(name);
  if (target.kind !== "http") return label ?? "the server";
  const { origin, pathname } = new URL(target.url);
  return label === undefined ? `${origin}${pathname}` : `${label} (${origin}${pathname})`;
}

function authenticatedFetch(target: HttpServerConfig, options: SessionOptions): ConnectionFetch {
  const { secrets, onEvent } = options;
  const send = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  return createAuthFetch(target.auth === undefined ? undefined : createAuth(target.auth, secrets && { secrets }), {
    fetch: markNetworkFailures(send),
    headers: target.headers,
    origin: target.url,
    ...(secrets && { secrets }),
    ...(onEvent && { onEvent }),
  });
}
