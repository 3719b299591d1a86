/** The authenticated fetch as the `fetch` option of both SDK lines' transports, on their real servers: design §4. */
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { mcpServerV1, mcpServerV2, requireBearer, sseServer } from "@sallyport/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { type AuthFetch, BearerAuth, createAuthFetch } from "../../src/index.ts";

const info = { name: "test", version: "1.0.0" };
const guard = requireBearer("t-new");
const echo = { name: "echo", arguments: { text: "hello" } };
const answer = [{ type: "text", text: "hello" }];

/** Reads a stale token first, so that the first request meets a 401 and is sent again. */
function rotating(): AuthFetch {
  const tokens = ["t-old", "t-new"];
  return createAuthFetch(
    new BearerAuth({ file: "token" }, { secrets: { read: async () => tokens.shift() ?? "t-new" } }),
  );
}

const servers = { "1.x": mcpServerV1, "2.x": mcpServerV2 };

describe.each(Object.entries(servers))("a server on SDK %s", (_, startServer) => {
  async function started(): Promise<URL> {
    const server = await startServer({ guard });
    onTestFinished(() => server.close());
    return new URL(server.url);
  }

  it("is called by SDK 1.x", async () => {
    const client = new ClientV1(info);
    onTestFinished(() => client.close());
    await client.connect(new TransportV1(await started(), { fetch: rotating() }) as Transport);
    expect((await client.callTool(echo)).content).toEqual(answer);
  });

  it.each(["auto", "legacy"] as const)("is called by SDK 2.x, version negotiation %s", async (mode) => {
    const client = new ClientV2(info, { versionNegotiation: { mode } });
    onTestFinished(() => client.close());
    await client.connect(new TransportV2(await started(), { fetch: rotating() }));
    expect((await client.callTool(echo)).content).toEqual(answer);
  });
});

it("carries the event stream and the messages of HTTP+SSE", async () => {
  const server = await sseServer({ guard });
  onTestFinished(() => server.close());
  const client = new ClientV1(info);
  onTestFinished(() => client.close());
  await client.connect(new SSEClientTransport(new URL(server.url), { fetch: rotating() }));
  expect((await client.callTool(echo)).content).toEqual(answer);
});
