/**
 * The test surface as a server of SDK 2.x.
 */
import { completable, McpServer, ResourceTemplate, type ServerContext } from "@modelcontextprotocol/server";
import { z } from "zod";
import { completeName, prompt, resources, type ToolCall, template, tools } from "./surface.ts";

/** A fresh server with the whole surface. */
export function createServerV2(): McpServer {
  const server = new McpServer(
    { name: "testkit-v2", version: "2.0.0" },
    { instructions: "For tests only.", capabilities: { tools: { listChanged: true } } },
  );
  for (const { name, description, inputSchema, run } of tools) {
    server.registerTool(name, { description, inputSchema }, async (args, context) => ({
      content: [{ type: "text", text: await run(args, toolCall(context)) }],
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
    { description: prompt.description, argsSchema: z.object({ name: completable(z.string(), completeName) }) },
    ({ name }) => ({ messages: [{ role: "user", content: { type: "text", text: prompt.text(name) } }] }),
  );
  return server;
}

function toolCall(context: ServerContext): ToolCall {
  const { _meta: meta, notify, signal } = context.mcpReq;
  return {
    signal,
    async progress(progress, total, message) {
      const progressToken = meta?.progressToken;
      if (progressToken === undefined) return;
      await notify({ method: "notifications/progress", params: { progressToken, progress, total, message } });
    },
  };
}
