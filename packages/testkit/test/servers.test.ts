/**
 * The testkit itself: servers answer for real and stop with sockets open.
 */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { listen, type McpTestServer, mcpServerV1, mcpServerV2, requireBearer, sseServer } from "../src/index.ts";

const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "0" } },
};

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify(body),
  });
}

describe("listen", () => {
  it("records what was sent and answers 500 when the handler throws", async () => {
    const server = await listen(() => {
      throw new Error("broken on purpose");
    });
    const response = await post(`${server.url}/a?b=c`, { d: 1 }, { "X-Mixed-Case": "1" });
    expect(response.status).toBe(500);
    expect(await response.text()).toContain("broken on purpose");
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: "POST", url: "/a?b=c", body: '{"d":1}' });
    await server.close();
  });

  it("stops with a socket open", async () => {
    const server = await listen(() => {});
    const socket = connect(server.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    await server.close();
    await closed;
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

const servers: [string, (guarded: boolean) => Promise<McpTestServer>][] = [
  ["SDK 2.x", (guarded) => mcpServerV2(guarded ? { guard: requireBearer("t") } : {})],
  ["SDK 1.x, sessions", (guarded) => mcpServerV1(guarded ? { guard: requireBearer("t") } : {})],
  [
    "SDK 1.x, stateless",
    (guarded) => mcpServerV1({ stateful: false, ...(guarded ? { guard: requireBearer("t") } : {}) }),
  ],
];

describe.each(servers)("MCP server, %s", (_name, start) => {
  it("answers initialize", async () => {
    const server = await start(false);
    const response = await post(server.url, initialize);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"protocolVersion":"2025-06-18"');
    await server.close();
  });

  it("stands behind its guard", async () => {
    const server = await start(true);
    const refusal = await post(server.url, initialize);
    expect(refusal.status).toBe(401);
    expect(refusal.headers.get("www-authenticate")).toBe('Bearer realm="testkit"');
    const answer = await post(server.url, initialize, { authorization: "Bearer t" });
    expect(answer.status).toBe(200);
    await answer.text();
    await server.close();
  });
});

it("MCP server over HTTP+SSE opens a stream and stops while it is open", async () => {
  const server = await sseServer();
  expect((await post(server.url, initialize)).status).toBe(405);
  const stream = await fetch(server.url);
  const first = await stream.body?.getReader().read();
  expect(new TextDecoder().decode(first?.value)).toContain("event: endpoint\ndata: /messages?sessionId=");
  await server.close();
});
