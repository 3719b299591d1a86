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

/** One of the two SDK lines. */
export interface McpSdk {
  readonly name: "sdk-v1" | "sdk-v2";
  /** Connect to a server over HTTP. */
  connectHttp(options: HttpConnectOptions): Promise<McpPeer>;
  /** Connect over a transport of this SDK line, such as its stdio transport. */
  connectTransport(transport: unknown, options: ConnectOptions): Promise<McpPeer>;
}

export interface ConnectOptions {
  readonly clientInfo: Implementation;
  /** What an earlier connection to the same server learned, so that this one need not ask again. Opaque. */
  readonly prior?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Bound on connecting and on each request, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** The server's list of tools, resources or prompts has changed. */
  readonly onListChanged?: ((list: "tools" | "resources" | "prompts") => void) | undefined;
  /** The connection has ended, asked for or not. */
  readonly onClose?: (() => void) | undefined;
  /** An error outside of any request. */
  readonly onError?: ((error: Error) => void) | undefined;
}

export interface HttpConnectOptions extends ConnectOptions {
  readonly url: URL;
  /** `auto` is Streamable HTTP, then SSE for servers that are older than it. */
  readonly transport: "auto" | "http" | "sse";
  /** The authenticated fetch. The SDK gets no `authProvider`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

/** Options of one request. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly onProgress?: ((progress: { progress: number; total?: number; message?: string }) => void) | undefined;
}

/** A connected server, the same for both SDK lines. Lists are whole: every page is read. */
export interface McpPeer {
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities | undefined;
  readonly instructions: string | undefined;
  readonly protocolVersion: string | undefined;
  /** Which transport carried it: `http` (Streamable HTTP), `sse` or `custom`. */
  readonly transport: "http" | "sse" | "custom";
  /** What a later connection may pass as `prior`: plain JSON, no secrets. */
  readonly prior: unknown;
  /** The SDK's own `Client`. */
  readonly raw: unknown;
  listTools(options?: CallOptions): Promise<Tool[]>;
  callTool(name: string, args: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<CallToolResult>;
  listResources(options?: CallOptions): Promise<Resource[]>;
  listResourceTemplates(options?: CallOptions): Promise<ResourceTemplateType[]>;
  readResource(uri: string, options?: CallOptions): Promise<ReadResourceResult>;
  listPrompts(options?: CallOptions): Promise<Prompt[]>;
  getPrompt(name: string, args: Readonly<Record<string, string>>, options?: CallOptions): Promise<GetPromptResult>;
  complete(
    ref: { type: "ref/prompt"; name: string } | { type: "ref/resource"; uri: string },
    argument: { name: string; value: string },
    options?: CallOptions,
  ): Promise<CompleteResult>;
  close(): Promise<void>;
}
