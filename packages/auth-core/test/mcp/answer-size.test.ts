/**
 * Answers without an end: no server may fill the memory of its client, whichever way its answer goes on.
 */
import type { ServerResponse } from "node:http";
import { listen } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { running, sdks, session } from "./sessions.ts";

const chunk = Buffer.alloc(1024 * 1024, " ");

/** Sends blanks until the client hangs up. */
function sendForever(response: ServerResponse): void {
  const go = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once("drain", go);
  };
  go();
}

describe.each(sdks)("$name", (sdk) => {
  it.each([
    ["JSON", "application/json", ""],
    ["an event", "text/event-stream", "data: "],
    ["an event that can be resumed", "text/event-stream", "id: 1\nretry: 1\ndata:\n\ndata: "],
  ])("a message that never ends is an error and not read on: %s", async (_, type, start) => {
    const sent: ServerResponse[] = [];
    const server = await running(
      listen(({ body }, response) => {
        const { id, method } = body === "" ? { id: undefined, method: "" } : JSON.parse(body);
        const json = (message: object) =>
          response
            .writeHead(200, { "content-type": "application/json" })
            .end(JSON.stringify({ jsonrpc: "2.0", id, ...message }));
        if (method === "tools/call") {
          sent.push(response);
          response.writeHead(200, { "content-type": type }).write(start);
          sendForever(response);
        } else if (method === "initialize") {
          const serverInfo = { name: "endless", version: "1.0.0" };
          json({ result: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo } });
        } else if (method === "server/discover") json({ error: { code: -32_601, message: "Method not found" } });
        else response.writeHead(body === "" ? 405 : 202).end();
      }),
    );
    const client = await session(server.url, { sdk, timeoutMs: 60_000 }).connect();
    await expect(client.callTool("endless")).rejects.toMatchObject({
      code: "request_failed",
      message: expect.stringContaining("more than 64 MiB"),
    });
    await expect.poll(() => sent.map(({ destroyed }) => destroyed)).toEqual([true]);
  });
});
