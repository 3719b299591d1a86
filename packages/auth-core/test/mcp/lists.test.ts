/**
 * Lists are whole: every page is read, and a list without an end is an error.
 */
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { type McpServerV1, mcpServerV1 } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { maxListPages } from "../../src/mcp/sdk.ts";
import { running, sdks, session } from "./sessions.ts";

/** A server with one tool a page, that points to the next page while `more` says so. */
function pagedServer(more: (page: number) => boolean): Promise<McpServerV1> {
  return running(
    mcpServerV1({
      stateful: false,
      prepare: ({ server }) =>
        server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
          const page = Number(params?.cursor ?? 0);
          const tools = [{ name: `tool-${page}`, inputSchema: { type: "object" as const } }];
          return more(page) ? { tools, nextCursor: String(page + 1) } : { tools };
        }),
    }),
  );
}

describe.each(sdks)("$name", (sdk) => {
  it("reads every page", async () => {
    const server = await pagedServer((page) => page < 6);
    const tools = await session(server.url, { sdk }).listTools();
    expect(tools.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 5, 6].map((page) => `tool-${page}`));
  });

  it("gives up on a list without an end", async () => {
    const server = await pagedServer(() => true);
    await expect(session(server.url, { sdk }).listTools()).rejects.toMatchObject({
      code: "request_failed",
      message: expect.stringContaining(String(maxListPages)),
    });
    const pages = server.requests.filter(({ body }) => body.includes("tools/list"));
    expect(pages).toHaveLength(maxListPages);
  });

  it("are empty, and not asked for, when the server does not offer the kind", async () => {
    const server = await running(
      mcpServerV1({
        prepare: ({ server }) => {
          // What the SDK registered before is not announced.
          (server as unknown as { _capabilities: object })._capabilities = {};
        },
      }),
    );
    const client = session(server.url, { sdk });
    expect(await client.listTools()).toEqual([]);
    expect(await client.listResources()).toEqual([]);
    expect(await client.listResourceTemplates()).toEqual([]);
    expect(await client.listPrompts()).toEqual([]);
    expect(server.requests.filter(({ body }) => body.includes("/list"))).toEqual([]);
  });
});
