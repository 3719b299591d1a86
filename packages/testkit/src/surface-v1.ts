/**
 * The test surface as a server of SDK 1.x.
 */
import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { completeName, prompt, resources, type ToolCall, template, tools } from "./surface.ts";

/** A fresh server with the whole surface. */
export function createServerV1(): McpServer {
  const server = new McpServer({ name: "testkit-v1", version: "1.0.0" }, { instructions: "For tests only." });
  for (const { name, description, inputSchema, run } of tools) {
    server.registerTool(name, { description, inputSchema: inputSchema.shape }, async (args, extra) => ({
      content: [{ type: "text", text: await run(args, toolCall(extra)) }],
    }));
  }
  for (const { name, uri, text } of resources) {
    server.registerResource(name, uri, { mimeType: "text/plain" }, () => ({ contents: [{ uri, text }] }));
  }
  server.registerResource(
    template.name,
    new ResourceTemplate(template.uri, { list: undefined, complete: { name: completeName } }),
    { mimeType: "text/plain" },
    (uri, { name }) => ({ contents: [{ uri: uri.href, text: template.text(String(name)) }] }),
  );
  server.registerPrompt(
    prompt.name,
    { description: prompt.description, argsSchema: { name: completable(z.string(), completeName) } },
    ({ name }) => ({ messages: [{ role: "user", content: { type: "text", text: prompt.text(name) } }] }),
  );
  return server;
}

function toolCall(extra: RequestHandlerExtra<ServerRequest, ServerNotification>): ToolCall {
  return {
    signal: extra.signal,
    async progress(progress, total, message) {
      const progressToken = extra._meta?.progressToken;
      if (progressToken === undefined) return;
      await extra.sendNotification({
        method: "notifications/progress",
        params: { progressToken, progress, total, message },
      });
    },
  };
}
