/**
 * SDK 1.x (`@modelcontextprotocol/sdk`): the protocols up to 2025-11-25.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  McpError,
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { deliverInOrder } from "./in-order.ts";
import {
  type CallToolResult,
  type ConnectOptions,
  type McpPeer,
  type McpSdk,
  maxListPages,
  noTimeout,
  type PeerCallOptions,
  type ServerCapabilities,
  type Tool,
  type TransportName,
} from "./sdk.ts";

/**
 * The 1.x line of the MCP SDK, for applications that already use it.
 *
 * @example
 * ```ts
 * import { Session } from "@sallyport/auth-core/mcp";
 * import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
 * import type { HttpServerConfig } from "@sallyport/auth-core";
 *
 * declare const server: HttpServerConfig;
 * const session = await new Session(server, { sdk: sdkV1 }).connect();
 * ```
 */
export const sdkV1: McpSdk = {
  name: "sdk-v1",
  connectHttp(options) {
    // `follow` leaves redirects to our fetch, which knows where the credentials may go.
    const settings = { fetch: options.fetch, redirectPolicy: "follow" } as const;
    if (options.transport === "sse") {
      return connect(new SSEClientTransport(options.url, settings), "sse", options);
    }
    // The 1.x class declares `sessionId` as a getter, which exactOptionalPropertyTypes does not accept as a Transport.
    return connect(new StreamableHTTPClientTransport(options.url, settings) as Transport, "http", options);
  },
  connectTransport: (transport, options) => connect(transport as Transport, "custom", options),
  rpcError(error) {
    if (!(error instanceof McpError)) return undefined;
    const { code, data } = error;
    return { code, message: error.message.replace(`MCP error ${code}: `, ""), data };
  },
};

async function connect(transport: Transport, name: TransportName, options: ConnectOptions): Promise<McpPeer> {
  const client = new Client(options.clientInfo);
  client.onclose = options.onClose;
  listenForChanges(client, options.onListChanged);
  const protocolVersion = watchProtocolVersion(transport);
  try {
    await client.connect(transport, { timeout: noTimeout, ...(options.signal ? { signal: options.signal } : {}) });
  } catch (error) {
    await transport.close().catch(() => {});
    throw error;
  }
  deliverInOrder(transport);
  return peerOf(client, transport, name, protocolVersion());
}

function listenForChanges(client: Client, onListChanged: ConnectOptions["onListChanged"]): void {
  if (onListChanged === undefined) return;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => onListChanged("tools"));
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => onListChanged("resources"));
  client.setNotificationHandler(PromptListChangedNotificationSchema, () => onListChanged("prompts"));
}

/** The 1.x client tells the negotiated version to its transport alone. */
function watchProtocolVersion(transport: Transport): () => string | undefined {
  let negotiated: string | undefined;
  const forward = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    negotiated = version;
    forward?.(version);
  };
  return () => negotiated;
}

function peerOf(
  client: Client,
  transport: Transport,
  name: TransportName,
  protocolVersion: string | undefined,
): McpPeer {
  const call = ({ signal, onProgress }: PeerCallOptions) => ({
    // One of its own for each request: the 1.x client never takes its listeners back.
    signal: AbortSignal.any([signal]),
    timeout: noTimeout,
    ...(onProgress ? { onprogress: onProgress } : {}),
  });
  return {
    serverInfo: client.getServerVersion(),
    // The lines type JSON differently, `object` here and `JSONObject` there; on the wire it is the same.
    capabilities: client.getServerCapabilities() as ServerCapabilities | undefined,
    instructions: client.getInstructions(),
    protocolVersion,
    transport: name,
    prior: undefined,
    raw: client,
    listTools: (options) =>
      allPages(async (page) => {
        const { tools, nextCursor } = await client.listTools(page, call(options));
        return { items: tools as Tool[], nextCursor };
      }),
    callTool: (tool, args, options) =>
      client.callTool({ name: tool, arguments: { ...args } }, undefined, call(options)) as Promise<CallToolResult>,
    listResources: (options) =>
      allPages(async (page) => {
        const { resources, nextCursor } = await client.listResources(page, call(options));
        return { items: resources, nextCursor };
      }),
    listResourceTemplates: (options) =>
      allPages(async (page) => {
        const { resourceTemplates, nextCursor } = await client.listResourceTemplates(page, call(options));
        return { items: resourceTemplates, nextCursor };
      }),
    readResource: (uri, options) => client.readResource({ uri }, call(options)),
    listPrompts: (options) =>
      allPages(async (page) => {
        const { prompts, nextCursor } = await client.listPrompts(page, call(options));
        return { items: prompts, nextCursor };
      }),
    getPrompt: (prompt, args, options) => client.getPrompt({ name: prompt, arguments: { ...args } }, call(options)),
    complete: (reference, argument, options) => client.complete({ ref: reference, argument }, call(options)),
    async endSession() {
      if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession();
    },
    close: () => client.close(),
  };
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | undefined;
}

/** Every item of a list; a list without an end is an error, not an endless loop. */
async function allPages<Item>(read: (page: { cursor: string } | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < maxListPages; pages++) {
    const page = await read(cursor === undefined ? undefined : { cursor });
    items.push(...page.items);
    if (page.nextCursor === undefined) return items;
    cursor = page.nextCursor;
  }
  throw new Error(`The list has more than ${maxListPages} pages`);
}
