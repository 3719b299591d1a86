/**
 * SDK 2.x (`@modelcontextprotocol/client`): protocol 2026-07-28, and the 2025 protocols for servers that know no other.
 */
import {
  Client,
  type McpSubscription,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { deliverInOrder } from "./in-order.ts";
import {
  type ConnectOptions,
  type ListName,
  type McpPeer,
  type McpSdk,
  maxListPages,
  noTimeout,
  type PeerCallOptions,
  type TransportName,
} from "./sdk.ts";

/**
 * The 2.x line of the MCP SDK, which is what a session uses when nothing else is said.
 *
 * @example
 * ```ts
 * import { Session } from "@sallyport/auth-core/mcp";
 * import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
 * import type { HttpServerConfig } from "@sallyport/auth-core";
 *
 * declare const server: HttpServerConfig;
 * const session = await new Session(server, { sdk: sdkV2 }).connect();
 * ```
 */
export const sdkV2: McpSdk = {
  name: "sdk-v2",
  connectHttp(options) {
    // `follow` leaves redirects to our fetch, which knows where the credentials may go.
    const settings = { fetch: options.fetch, redirectPolicy: "follow" } as const;
    if (options.transport === "sse") {
      return connect(new SSEClientTransport(options.url, settings), "sse", options);
    }
    return connect(new StreamableHTTPClientTransport(options.url, settings), "http", options);
  },
  connectTransport: (transport, options) => connect(transport as Transport, "custom", options),
  rpcError: (error) => (ProtocolError.isInstance(error) ? error : undefined),
};

/** Verdicts larger than this are not worth remembering, in characters of JSON. */
const maxPriorLength = 65_536;

/** How often a broken stream of notifications is opened again over one connection. */
const maxRelistens = 20;

async function connect(transport: Transport, name: TransportName, options: ConnectOptions): Promise<McpPeer> {
  const client = new Client(options.clientInfo, {
    // HTTP+SSE is older than every protocol that can be asked for its version.
    versionNegotiation: { mode: name === "sse" ? "legacy" : "auto" },
    listMaxPages: maxListPages,
  });
  client.onclose = options.onClose;
  listenForChanges(client, options.onListChanged);
  try {
    await negotiate(client, transport, options);
  } catch (error) {
    await transport.close().catch(() => {});
    throw error;
  }
  deliverInOrder(transport);
  await subscribeToChanges(client, options);
  return peerOf(client, transport, name);
}

async function negotiate(client: Client, transport: Transport, { prior, signal }: ConnectOptions): Promise<void> {
  const exchange = { timeout: noTimeout, ...(signal ? { signal } : {}) };
  if (isModernVerdict(prior)) {
    try {
      return await client.connect(transport, { ...exchange, prior });
    } catch (error) {
      // A verdict that this SDK cannot read or has no common version with is as good as none.
      if (!SdkError.isInstance(error) || error.code !== SdkErrorCode.EraNegotiationFailed) throw error;
    }
  }
  await client.connect(transport, exchange);
}

type ModernVerdict = { kind: "modern"; discover: NonNullable<ReturnType<Client["getDiscoverResult"]>> };

function isModernVerdict(prior: unknown): prior is ModernVerdict {
  return typeof prior === "object" && prior !== null && "kind" in prior && prior.kind === "modern";
}

const changes = {
  tools: "notifications/tools/list_changed",
  resources: "notifications/resources/list_changed",
  prompts: "notifications/prompts/list_changed",
} as const satisfies Record<ListName, string>;

function listenForChanges(client: Client, onListChanged: ConnectOptions["onListChanged"]): void {
  if (onListChanged === undefined) return;
  for (const list of Object.keys(changes) as ListName[]) {
    client.setNotificationHandler(changes[list], () => onListChanged(list));
  }
}

/** 2026-07-28 servers speak of changes only on a stream that was asked for; the older ones do it unasked. */
async function subscribeToChanges(client: Client, { onListChanged, signal, timeoutMs }: ConnectOptions): Promise<void> {
  if (onListChanged === undefined || client.getProtocolEra() !== "modern") return;
  const capabilities = client.getServerCapabilities();
  const wanted = {
    ...(capabilities?.tools?.listChanged ? { toolsListChanged: true } : {}),
    ...(capabilities?.resources?.listChanged ? { resourcesListChanged: true } : {}),
    ...(capabilities?.prompts?.listChanged ? { promptsListChanged: true } : {}),
  };
  if (Object.keys(wanted).length === 0) return;
  const listen = () => client.listen(wanted, { timeout: timeoutMs, ...(signal ? { signal } : {}) });
  // A server that does not offer the stream after all is still a server to talk to.
  const first = await listen().catch(() => undefined);
  if (first !== undefined) void listenAgain(client, first, listen);
}

/** A stream that breaks is opened again at once, a bounded number of times; one that the server ends stays ended. */
async function listenAgain(
  client: Client,
  first: McpSubscription,
  listen: () => Promise<McpSubscription>,
): Promise<void> {
  let subscription: McpSubscription | undefined = first;
  for (let times = 0; subscription !== undefined && times < maxRelistens; times++) {
    if ((await subscription.closed) !== "remote" || client.transport === undefined) return;
    subscription = await listen().catch(() => undefined);
  }
}

function peerOf(client: Client, transport: Transport, name: TransportName): McpPeer {
  const call = ({ signal, onProgress }: PeerCallOptions) => ({
    signal,
    timeout: noTimeout,
    ...(onProgress ? { onprogress: onProgress } : {}),
  });
  // Lists are asked for each time: the credential may have changed, and with it what the server shows (STL-11).
  const fresh = (options: PeerCallOptions) => ({ ...call(options), cacheMode: "refresh" as const });
  return {
    serverInfo: client.getServerVersion(),
    capabilities: client.getServerCapabilities(),
    instructions: client.getInstructions(),
    protocolVersion: client.getNegotiatedProtocolVersion(),
    transport: name,
    prior: verdictOf(client),
    raw: client,
    listTools: async (options) => (await client.listTools(undefined, fresh(options))).tools,
    callTool: (tool, args, options) => client.callTool({ name: tool, arguments: { ...args } }, call(options)),
    listResources: async (options) => (await client.listResources(undefined, fresh(options))).resources,
    listResourceTemplates: async (options) =>
      (await client.listResourceTemplates(undefined, fresh(options))).resourceTemplates,
    readResource: (uri, options) => client.readResource({ uri }, fresh(options)),
    listPrompts: async (options) => (await client.listPrompts(undefined, fresh(options))).prompts,
    getPrompt: (prompt, args, options) => client.getPrompt({ name: prompt, arguments: { ...args } }, call(options)),
    complete: (reference, argument, options) => client.complete({ ref: reference, argument }, call(options)),
    async endSession() {
      if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession();
    },
    close: () => client.close(),
  };
}

/** Only the newer protocol is remembered: a server that learns it later would never be asked again. */
function verdictOf(client: Client): ModernVerdict | undefined {
  const discover = client.getDiscoverResult();
  if (discover === undefined || JSON.stringify(discover).length > maxPriorLength) return undefined;
  return { kind: "modern", discover };
}
