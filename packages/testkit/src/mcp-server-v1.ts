/**
 * An MCP server on SDK 1.x over Streamable HTTP, with sessions or without.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type GuardOptions, refused } from "./guard.ts";
import { listen, type RecordedRequest } from "./listen.ts";
import type { McpTestServer } from "./mcp-server-v2.ts";
import { createServerV1 } from "./surface-v1.ts";

export interface McpServerV1Options extends GuardOptions {
  /** Whether sessions are kept between requests. Default true. */
  readonly stateful?: boolean;
  /** Changes each server before it serves: one per session, or per request when there are none. */
  readonly prepare?: (server: McpServer) => void;
}

/** A server that can lose its sessions, as a restart would. */
export interface McpServerV1 extends McpTestServer {
  /** Ids of the sessions that are open. */
  sessionIds(): string[];
  /** Forget every session: their ids are answered with 404 from now on. */
  forgetSessions(): Promise<void>;
}

interface OpenSession {
  readonly server: McpServer;
  readonly transport: StreamableHTTPServerTransport;
}

/** Start a server; `url` is its MCP endpoint. */
export async function mcpServerV1(options: McpServerV1Options = {}): Promise<McpServerV1> {
  const { stateful = true } = options;
  const sessions = new Map<string, OpenSession>();

  const open = async (): Promise<OpenSession> => {
    const server = createServerV1();
    options.prepare?.(server);
    const transport = new StreamableHTTPServerTransport(
      stateful
        ? {
            sessionIdGenerator: randomUUID,
            onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
            onsessionclosed: (id) => void sessions.delete(id),
          }
        : {},
    );
    // The 1.x class declares its callbacks as accessors, which exactOptionalPropertyTypes does not accept as a Transport.
    await server.connect(transport as Transport);
    return { server, transport };
  };

  const answer = async (request: RecordedRequest, response: ServerResponse, incoming: IncomingMessage) => {
    if (await refused(options.guard, request, response)) return;
    if (!stateful && request.method !== "POST") {
      response.writeHead(405, { allow: "POST" }).end();
      return;
    }
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    if (stateful && id !== undefined && known === undefined) {
      const error = { code: -32001, message: "Session not found" };
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", error, id: null }));
      return;
    }
    const session = known ?? (await open());
    if (!stateful) response.once("close", () => void session.server.close());
    await session.transport.handleRequest(incoming, response, parse(request.body));
  };

  const server = await listen(answer, "/mcp", options.tls);
  const forgetSessions = async (): Promise<void> => {
    const open = [...sessions.values()];
    sessions.clear();
    await Promise.all(open.map(({ server }) => server.close()));
  };
  return {
    ...server,
    sessionIds: () => [...sessions.keys()],
    forgetSessions,
    notifyToolsChanged() {
      for (const session of sessions.values()) session.server.sendToolListChanged();
    },
    async close() {
      await forgetSessions();
      await server.close();
    },
  };
}

/** The body as JSON, or as it came: the SDK answers what is not JSON itself. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
