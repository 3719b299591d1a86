/**
 * An MCP server on SDK 2.x over Streamable HTTP: stateless, 2026-07-28, and the 2025 protocols unless it is strict.
 */
import { createMcpHandler, type McpServer } from "@modelcontextprotocol/server";
import { type GuardOptions, refused } from "./guard.ts";
import { listen, type RunningServer } from "./listen.ts";
import { createServerV2 } from "./surface-v2.ts";
import { answerWith } from "./web.ts";

export interface McpServerV2Options extends GuardOptions {
  /** `both` (default) also serves 2025 clients; `modern` refuses them. */
  readonly eras?: "both" | "modern";
  /** Changes each server before it serves; there is one per request. */
  readonly prepare?: (server: McpServer) => void;
}

/** A server whose lists can be said to have changed. */
export interface McpTestServer extends RunningServer {
  /** Tell every listening client that the list of tools has changed. */
  notifyToolsChanged(): void | Promise<void>;
}

/** Start a server; `url` is its MCP endpoint. */
export async function mcpServerV2(options: McpServerV2Options = {}): Promise<McpTestServer> {
  const handler = createMcpHandler(
    () => {
      const server = createServerV2();
      options.prepare?.(server);
      return server;
    },
    { legacy: options.eras === "modern" ? "reject" : "stateless" },
  );
  const server = await listen(
    async (request, response) => {
      if (await refused(options.guard, request, response)) return;
      await answerWith(handler.fetch, request, response);
    },
    "/mcp",
    options.tls,
  );
  return {
    ...server,
    notifyToolsChanged: () => handler.notify.toolsChanged(),
    async close() {
      await handler.close();
      await server.close();
    },
  };
}
