import { mcpServerV1, sseServer } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import { McpConnection } from "../../src/browser/connection.ts";
import { sourceOf, type UseMcpOptions } from "../../src/browser/source.ts";
import { afterwards, connect, settled, start, until } from "../harness.ts";
import { lineTo } from "../line.ts";

describe("a connection that is lost", () => {
  /** A connection to a server that keeps a stream open, over a line that can be cut. */
  async function connectOverLine(options: Omit<UseMcpOptions, "url"> = {}) {
    const server = await start(sseServer());
    const line = await start(lineTo(server.url));
    return { line, ...connect({ url: line.url, transport: "sse", ...options }) };
  }

  it("is restored, with its tools on the page all the time", async () => {
    const { line, connection, states } = await connectOverLine();
    const { tools } = await settled(connection);
    line.cut();
    const waiting = await until(connection, ({ state }) => state === "connecting");
    expect(waiting).toMatchObject({ tools, error: undefined });
    line.mend();
    await until(connection, ({ state }) => state === "ready");
    expect(states).toEqual(["discovering", "connecting", "ready", "connecting", "ready"]);
    expect(await connection.actions.callTool("add", { a: 1, b: 1 })).toMatchObject({ content: [{ text: "2" }] });
  });

  it("is restored at once when the browser is online again", async () => {
    vi.spyOn(Math, "random").mockReturnValue(10_000);
    afterwards(() => vi.restoreAllMocks());
    const { line, connection } = await connectOverLine();
    await settled(connection);
    line.cut();
    await until(connection, ({ state }) => state === "connecting");
    line.mend();
    // The next try of its own would be 40 minutes away.
    dispatchEvent(new Event("online"));
    expect((await until(connection, ({ state }) => state !== "connecting")).state).toBe("ready");
  });

  it("stays lost when it is not to be restored, until retry", async () => {
    const { line, connection } = await connectOverLine({ autoReconnect: false });
    await settled(connection);
    line.cut();
    const { error, tools } = await until(connection, ({ state }) => state === "failed");
    expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("was lost") });
    expect(tools).toEqual([]);
    line.mend();
    dispatchEvent(new Event("online"));
    expect(connection.getState().state).toBe("failed");
    connection.actions.retry();
    expect((await settled(connection)).state).toBe("ready");
  });

  it("is not tried again once everybody has left", async () => {
    const server = await start(sseServer());
    const line = await start(lineTo(server.url));
    const connection = new McpConnection(sourceOf({ url: line.url, transport: "sse" }));
    const leave = connection.subscribe(() => {});
    await settled(connection);
    line.cut();
    await until(connection, ({ state }) => state === "connecting");
    leave();
    await Promise.resolve();
    line.mend();
    const requests = server.requests.length;
    dispatchEvent(new Event("online"));
    expect(connection.getState().state).toBe("discovering");
    expect(server.requests).toHaveLength(requests);
  });

  it("fails for good when the way back is refused", async () => {
    let accepted = true;
    const server = await start(sseServer({ guard: () => (accepted ? undefined : { status: 401 }) }));
    const line = await start(lineTo(server.url));
    const { connection } = connect({ url: line.url, transport: "sse", authToken: "t-1" });
    await settled(connection);
    accepted = false;
    line.cut();
    line.mend();
    expect((await until(connection, ({ state }) => state === "failed")).error?.code).toBe("unauthorized");
  });

  it("heals by itself when the server has forgotten the session", async () => {
    const server = await start(mcpServerV1());
    const { connection, states } = connect({ url: server.url });
    await settled(connection);
    await server.forgetSessions();
    expect(await connection.actions.callTool("add", { a: 1, b: 1 })).toMatchObject({ content: [{ text: "2" }] });
    expect(states.filter((state) => state === "failed")).toEqual([]);
  });
});
