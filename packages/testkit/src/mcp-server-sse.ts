/**
 * An old MCP server that knows HTTP+SSE alone (protocol 2024-11-05): `GET /mcp` opens the stream, messages are
 * posted to `/messages`. A POST to the endpoint itself is not allowed.
 */
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { type GuardOptions, refused } from "./guard.ts";
import { listen } from "./listen.ts";
import type { McpTestServer } from "./mcp-server-v2.ts";
import { createServerV1 } from "./surface-v1.ts";

export interface SseServerOptions extends GuardOptions {
  /** The answer to a POST at the endpoint. Default 405; real old servers also say 400 or 404. */
  readonly postStatus?: 400 | 404 | 405;
}

/** A server that can lose its streams, as a restart would. */
export interface SseServer extends McpTestServer {
  /** End every stream that is open. */
  dropStreams(): Promise<void>;
}

/** Start a server; `url` is where the stream is opened. */
export async function sseServer(options: SseServerOptions = {}): Promise<SseServer> {
  const streams = new Map<string, { server: ReturnType<typeof createServerV1>; transport: SSEServerTransport }>();
  const server = await listen(
    async (request, response, incoming) => {
      if (await refused(options.guard, request, response)) return;
      const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
      if (pathname === "/messages" && request.method === "POST") {
        const stream = streams.get(searchParams.get("sessionId") ?? "");
        if (stream === undefined) response.writeHead(404).end();
        else await stream.transport.handlePostMessage(incoming, response, JSON.parse(request.body));
      } else if (pathname === "/mcp" && request.method === "GET") {
        const transport = new SSEServerTransport("/messages", response);
        const mcp = createServerV1();
        streams.set(transport.sessionId, { server: mcp, transport });
        response.once("close", () => streams.delete(transport.sessionId));
        await mcp.connect(transport);
      } else {
        response.writeHead(options.postStatus ?? 405, { "content-type": "text/plain" }).end("Cannot do that here");
      }
    },
    "/mcp",
    options.tls,
  );
  const dropStreams = async (): Promise<void> => {
    await Promise.all([...streams.values()].map((stream) => stream.server.close()));
  };
  return {
    ...server,
    dropStreams,
    notifyToolsChanged() {
      for (const stream of streams.values()) stream.server.sendToolListChanged();
    },
    async close() {
      await dropStreams();
      await server.close();
    },
  };
}
