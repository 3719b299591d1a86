/**
 * A session with one MCP server, the same over both SDK lines and all transports: an observable state machine that
 * connects when it is first used, and says in a typed error what cannot be mended.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { OAuth } from "../oauth/oauth.ts";
import { connectHttp, connectTransport, type PeerOptions } from "./connection.ts";
import { type Patience, startDeadline } from "./deadline.ts";
import { type FailureContext, requestFailure, requestTimeout, type ThrownByFetch } from "./failures.ts";
import { Link } from "./link.ts";
import type {
  CallToolResult,
  CompleteResult,
  CompletionReference,
  ConnectionFetch,
  GetPromptResult,
  Implementation,
  McpPeer,
  McpSdk,
  PeerCallOptions,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerCapabilities,
  Tool,
  TransportName,
} from "./sdk.ts";
import { SentCredentials } from "./sent-credentials.ts";
import { authenticatedFetch, authOf, patienceOf } from "./session-auth.ts";
import type { CallOptions, SessionOptions, SessionState, SessionTarget, TransportTarget } from "./session-options.ts";

const defaultTimeoutMs = 60_000;

/**
 * A session with one MCP server.
 *
 * Calls connect when the session is not connected. A server that has forgotten the session (SES-04) and a protocol
 * verdict that is out of date are mended once per call, by connecting again. Calls reject with `request_failed`
 * ({@link McpRequestError}) when the server answers with a JSON-RPC error, `request_timeout`, `session_closed`, what
 * {@link Session.connect} throws, or the reason of their signal.
 *
 * @example
 * ```ts
 * import { type HttpServerConfig, parseServerConfig } from "@sallyport/auth-core";
 * import { Session } from "@sallyport/auth-core/mcp";
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
  readonly #timeoutMs: number;
  readonly #fetch: ConnectionFetch | undefined;
  readonly #thrownByFetch: ThrownByFetch = new WeakSet();
  readonly #sent: SentCredentials;
  readonly #oauth: OAuth | undefined;
  readonly #patience: Patience | undefined;
  readonly #link: Link;
  #sdk: McpSdk | undefined;

  /**
   * Nothing is sent before the first use.
   *
   * @param target - a parsed HTTP server, or a transport to open.
   * @throws SallyportError what `createAuth` throws for the target's `auth`.
   */
  constructor(target: SessionTarget, options: SessionOptions = {}) {
    const { prior, signal, timeoutMs = defaultTimeoutMs } = options;
    this.#target = target;
    this.#options = options;
    this.#sdk = options.sdk;
    this.#timeoutMs = timeoutMs;
    this.#where = describeTarget(target, options.name);
    this.#sent = new SentCredentials(target.kind === "http" ? target.auth : undefined);
    const auth = target.kind === "http" ? authOf(target, options) : undefined;
    this.#oauth = auth instanceof OAuth ? auth : undefined;
    this.#patience = this.#oauth && patienceOf(this.#oauth);
    this.#fetch = target.kind === "http" ? authenticatedFetch(target, auth, options, this.#sent) : undefined;
    this.#link = new Link({
      where: this.#where,
      timeoutMs,
      patience: this.#patience,
      prior,
      open: (...attempt) => this.#open(...attempt),
      explain: async (error, what) => requestFailure(error, what, this.#failureContext(await this.#loadSdk())),
    });
    if (signal?.aborted) void this.close();
    else signal?.addEventListener("abort", () => void this.close(), { once: true, signal: this.#link.closed });
  }

  /** The state now. The same object until something changes. */
  readonly getState = (): SessionState => this.#link.state.get();

  /** Call `listener` after each change of state. Returns what ends that. A listener that throws does not disturb the others. */
  readonly subscribe = (listener: () => void): (() => void) => this.#link.state.subscribe(listener);

  /** What the server says it is. Undefined before connecting, and for servers that do not say. */
  get serverInfo(): Implementation | undefined {
    return this.#link.peer?.serverInfo;
  }

  get capabilities(): ServerCapabilities | undefined {
    return this.#link.peer?.capabilities;
  }

  /** What the server wants a model to know. Foreign text. */
  get instructions(): string | undefined {
    return this.#link.peer?.instructions;
  }

  /** The negotiated protocol version, such as `2026-07-28`. */
  get protocolVersion(): string | undefined {
    return this.#link.peer?.protocolVersion;
  }

  /** The sign-in, where the session has one: its state, and the way to end it. */
  get oauth(): OAuth | undefined {
    return this.#oauth;
  }

  /** What carries the session: `http` (Streamable HTTP), `sse` or `custom`. */
  get transport(): TransportName | undefined {
    return this.#link.peer?.transport;
  }

  /** What a later session with this server and credential may be given: plain JSON without secrets, or undefined. */
  get prior(): unknown {
    return this.#link.prior;
  }

  /** The SDK's own `Client`, for what a session has no method for. Another one after a reconnect. */
  get raw(): unknown {
    return this.#link.peer?.raw;
  }

  /**
   * Connect, unless connected. Simultaneous calls share one attempt; after a failure the next call tries again.
   *
   * @throws SallyportError `authorization_required` (401, no credential given), `unauthorized` (the credential is
   * refused), `insufficient_scope`, `temporarily_unavailable` (429, 503), `connect_failed`, `session_closed`; or what
   * the authentication threw, as it is.
   */
  async connect(): Promise<this> {
    await this.#link.connect();
    return this;
  }

  /** Every tool, all pages. Empty when the server has none. */
  async listTools(options?: CallOptions): Promise<Tool[]> {
    return this.#list("tools", "tools/list", (peer, call) => peer.listTools(call), options);
  }

  /** Call a tool. A tool that ran and failed is no error: its result has `isError`. */
  async callTool(
    name: string,
    args: Readonly<Record<string, unknown>> = {},
    options?: CallOptions,
  ): Promise<CallToolResult> {
    return this.#call(`tools/call ${quoteForeign(name)}`, (peer, call) => peer.callTool(name, args, call), options);
  }

  /** Every resource with a fixed URI, all pages. Empty when the server has none. */
  async listResources(options?: CallOptions): Promise<Resource[]> {
    return this.#list("resources", "resources/list", (peer, call) => peer.listResources(call), options);
  }

  /** Every resource template, all pages. Empty when the server has none. */
  async listResourceTemplates(options?: CallOptions): Promise<ResourceTemplateType[]> {
    const what = "resources/templates/list";
    return this.#list("resources", what, (peer, call) => peer.listResourceTemplates(call), options);
  }

  /** The contents of a resource. */
  async readResource(uri: string, options?: CallOptions): Promise<ReadResourceResult> {
    return this.#call(`resources/read ${quoteForeign(uri)}`, (peer, call) => peer.readResource(uri, call), options);
  }

  /** Every prompt, all pages. Empty when the server has none. */
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
    return this.#link.close();
  }

  async #open(prior: unknown, signal: AbortSignal, onClose: () => void): Promise<McpPeer> {
    const sdk = await this.#loadSdk();
    const target = this.#target;
    const { clientInfo = { name: "sallyport", version: "0.0.0" }, onListChanged } = this.#options;
    const options: PeerOptions = {
      ...this.#failureContext(sdk),
      clientInfo,
      prior,
      signal,
      timeoutMs: this.#timeoutMs,
      signedIn: () => this.#oauth?.getState().status === "authorized",
      onListChanged,
      onClose,
    };
    if (target.kind === "http" && this.#fetch !== undefined) return connectHttp(target, this.#fetch, options);
    return connectTransport(target as TransportTarget, options);
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
    { signal, timeoutMs = this.#timeoutMs, onProgress }: CallOptions = {},
  ): Promise<T> {
    const timeoutError = (): Error => requestTimeout(this.#where, what, timeoutMs);
    const deadline = startDeadline(timeoutMs, timeoutError, [this.#link.closed, signal], this.#patience);
    const call: PeerCallOptions = {
      signal: deadline.signal,
      onProgress:
        onProgress &&
        ((progress) => {
          deadline.extend();
          onProgress(progress);
        }),
    };
    try {
      deadline.signal.throwIfAborted();
      return await deadline.race(this.#link.call(what, (peer) => run(peer, call)));
    } finally {
      deadline.clear();
    }
  }

  #failureContext(sdk: McpSdk): FailureContext {
    return { where: this.#where, sdk, thrownByFetch: this.#thrownByFetch, sent: this.#sent };
  }
}

/** The server as messages name it: no query and no user information, which may hold secrets. */
function describeTarget(target: SessionTarget, name: string | undefined): string {
  const label = name === undefined ? undefined : quoteForeign(name);
  if (target.kind !== "http") return label ?? "the server";
  const { origin, pathname } = new URL(target.url);
  return label === undefined ? `${origin}${pathname}` : `${label} (${origin}${pathname})`;
}
