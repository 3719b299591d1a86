/**
 * The port to the MCP SDK. There are two SDK lines with different APIs; each is an implementation of {@link McpSdk}
 * in a file of its own, and nothing else imports an SDK.
 */
import type {
  CallToolResult,
  CompleteResult,
  GetPromptResult,
  Implementation,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerCapabilities,
  Tool,
} from "@modelcontextprotocol/client";

export type {
  CallToolResult,
  CompleteResult,
  GetPromptResult,
  Implementation,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerCapabilities,
  Tool,
};

/** One of the two SDK lines: `sdkV1` or `sdkV2`. */
export interface McpSdk {
  readonly name: "sdk-v1" | "sdk-v2";
  /** Connect to a server over HTTP, in one attempt with one transport. */
  connectHttp(options: HttpConnectOptions): Promise<McpPeer>;
  /** Connect over a transport of this SDK line, such as its stdio transport. The transport is closed when that fails. */
  connectTransport(transport: unknown, options: ConnectOptions): Promise<McpPeer>;
  /** The JSON-RPC error that an error of this SDK line stands for, or nothing when it is no answer of the server. */
  rpcError(error: unknown): RpcError | undefined;
}

/** A JSON-RPC error as the server sent it. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** The lists of a server that can change. */
export type ListName = "tools" | "resources" | "prompts";

export interface ConnectOptions {
  readonly clientInfo: Implementation;
  /** What an earlier connection to the same server learned, so that this one need not ask again. Ignored when it is of no use. */
  readonly prior?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Bound on each exchange while connecting, in milliseconds. */
  readonly timeoutMs: number;
  /** The server's list of tools, resources or prompts has changed. */
  readonly onListChanged?: ((list: ListName) => void) | undefined;
  /** The connection has ended, asked for or not. */
  readonly onClose: () => void;
}

/** How the SDK sends HTTP requests. */
export type ConnectionFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface HttpConnectOptions extends ConnectOptions {
  readonly url: URL;
  /** Streamable HTTP, or HTTP+SSE (protocol 2024-11-05). */
  readonly transport: "http" | "sse";
  /** Authenticates, judges every answer, and follows redirects itself. The SDK gets no `authProvider`. */
  readonly fetch: ConnectionFetch;
}

/** How far a request is. */
export interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** Options of one request of a peer. */
export interface PeerCallOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What {@link McpPeer.complete} completes. */
export type CompletionReference =
  | { readonly type: "ref/prompt"; readonly name: string }
  | { readonly type: "ref/resource"; readonly uri: string };

/** A connected server, the same for both SDK lines. Lists are whole: every page is read. Errors are the SDK's own. */
export interface McpPeer {
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities | undefined;
  readonly instructions: string | undefined;
  readonly protocolVersion: string | undefined;
  /** Which transport carries it: `http` (Streamable HTTP), `sse` or `custom`. */
  readonly transport: TransportName;
  /** What a later connection may pass as `prior`: plain JSON, no secrets. */
  readonly prior: unknown;
  /** The SDK's own `Client`. */
  readonly raw: unknown;
  listTools(options: PeerCallOptions): Promise<Tool[]>;
  callTool(name: string, args: Readonly<Record<string, unknown>>, options: PeerCallOptions): Promise<CallToolResult>;
  listResources(options: PeerCallOptions): Promise<Resource[]>;
  listResourceTemplates(options: PeerCallOptions): Promise<ResourceTemplateType[]>;
  readResource(uri: string, options: PeerCallOptions): Promise<ReadResourceResult>;
  listPrompts(options: PeerCallOptions): Promise<Prompt[]>;
  getPrompt(name: string, args: Readonly<Record<string, string>>, options: PeerCallOptions): Promise<GetPromptResult>;
  complete(
    reference: CompletionReference,
    argument: { readonly name: string; readonly value: string },
    options: PeerCallOptions,
  ): Promise<CompleteResult>;
  /** Ask the server to end its session, where there is one. Rejects when the server does not do it. */
  endSession(): Promise<void>;
  /** Drop the connection. */
  close(): Promise<void>;
}

/** What carries a connection: Streamable HTTP, HTTP+SSE, or a transport that the caller brought. */
export type TransportName = "http" | "sse" | "custom";

/** Pages of one list that are read at most; a server that has more is not converging. */
export const maxListPages = 100;

/** Milliseconds, more than a request ever takes: the SDK's own bound is out of the way, since the session keeps the time. */
export const noTimeout: number = 2 ** 31 - 1;
