/**
 * Sessions over a transport that the caller opens: the stdio transports of both SDK lines, with a real server process.
 */
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { stdioServerScript } from "@sallyport/testkit";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { McpSdk } from "../../src/mcp/sdk.ts";
import { Session } from "../../src/mcp/session.ts";
import type { SessionOptions, TransportTarget } from "../../src/mcp/session-options.ts";
import { sdks } from "./sessions.ts";

type Stdio = StdioV1 | StdioV2;

function stdio(opened: Stdio[], command: string = process.execPath): TransportTarget {
  return {
    kind: "transport",
    open(sdk: McpSdk) {
      const Transport = sdk.name === "sdk-v1" ? StdioV1 : StdioV2;
      const transport = new Transport({
        command,
        args: [stdioServerScript],
        env: { GREETING: "hi" },
        stderr: "ignore",
      });
      opened.push(transport);
      return transport;
    },
  };
}

function session(target: TransportTarget, options: SessionOptions): Session {
  const made = new Session(target, { timeoutMs: 20_000, ...options });
  onTestFinished(() => made.close());
  return made;
}

describe.each(sdks)("$name over stdio", (sdk) => {
  it("talks to a server process and ends it", async () => {
    const opened: Stdio[] = [];
    const client = await session(stdio(opened), { sdk }).connect();
    expect(client.transport).toBe("custom");
    expect(client.serverInfo?.name).toBe("testkit-stdio");
    expect(client.protocolVersion).toBe(sdk.name === "sdk-v1" ? "2025-11-25" : "2026-07-28");
    expect((await client.callTool("environment", { name: "GREETING" })).content).toEqual([
      { type: "text", text: "hi" },
    ]);
    const pid = opened[0]?.pid ?? 0;
    expect(() => process.kill(pid, 0)).not.toThrow();
    await client.close();
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow());
  });

  it("keeps progress that comes in one piece with the answer", async () => {
    const client = session(stdio([]), { sdk });
    const reports: number[] = [];
    await client.callTool("count", { to: 20 }, { onProgress: ({ progress }) => void reports.push(progress) });
    expect(reports).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("says so when the process ends, and starts another one for the next call", async () => {
    const opened: Stdio[] = [];
    const client = await session(stdio(opened), { sdk }).connect();
    process.kill(opened[0]?.pid ?? 0, "SIGKILL");
    await vi.waitFor(() =>
      expect(client.getState()).toMatchObject({ status: "failed", error: { code: "connect_failed" } }),
    );
    expect((await client.callTool("echo", { text: "again" })).content).toEqual([{ type: "text", text: "again" }]);
    expect(opened).toHaveLength(2);
    expect(client.getState()).toEqual({ status: "ready" });
  });

  it("names a command that does not exist", async () => {
    const client = session(stdio([], "/no/such/command"), { sdk, name: "local" });
    await expect(client.connect()).rejects.toMatchObject({
      code: "connect_failed",
      message: expect.stringMatching(/Cannot connect to "local": .*ENOENT/),
    });
  });

  it("skips the second process when the verdict is remembered", async () => {
    const { prior } = await session(stdio([]), { sdk }).connect();
    const client = session(stdio([]), { sdk, prior });
    expect(await client.listTools()).toHaveLength(3);
    expect(client.prior).toEqual(prior);
  });

  it("throws what opening throws, typed", async () => {
    const cause = new RangeError("no free pipes");
    const open = (): never => {
      throw cause;
    };
    const explain = () => undefined;
    await expect(session({ kind: "transport", open, explain }, { sdk }).connect()).rejects.toMatchObject({
      code: "connect_failed",
      message: expect.stringContaining("no free pipes"),
      cause,
    });
  });
});
