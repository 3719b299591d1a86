import { listen, mcpServerV1, mcpServerV2 } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { McpConnection } from "../../src/browser/connection.ts";
import { sourceOf } from "../../src/browser/source.ts";
import { afterwards, connect, eventually, settled, start, until } from "../harness.ts";

describe("watching", () => {
  it("connects once for everybody who watches", async () => {
    const server = await start(mcpServerV1());
    const { connection } = connect({ url: server.url });
    afterwards(connection.subscribe(() => {}));
    await settled(connection);
    expect(server.sessionIds()).toHaveLength(1);
  });

  it("sends nothing when everybody leaves at once", async () => {
    const server = await start(mcpServerV1());
    const connection = new McpConnection(sourceOf({ url: server.url }));
    connection.subscribe(() => {})();
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    expect(connection.getState()).toMatchObject({ state: "discovering" });
    const other = connect({ url: server.url });
    await settled(other.connection);
    expect(server.sessionIds()).toHaveLength(1);
  });

  it("ends the server's session when the last one leaves, and connects again for the next", async () => {
    const server = await start(mcpServerV1());
    const connection = new McpConnection(sourceOf({ url: server.url }));
    const leave = connection.subscribe(() => {});
    await settled(connection);
    expect(server.sessionIds()).toHaveLength(1);
    leave();
    await eventually(() => expect(server.sessionIds()).toEqual([]));
    expect(connection.getState()).toMatchObject({ state: "discovering", tools: [] });
    await expect(connection.actions.callTool("echo", { text: "x" })).rejects.toMatchObject({ code: "session_closed" });

    expect((await settled(connection)).state).toBe("ready");
  });

  it("aborts what is under way when the last one leaves", async () => {
    const server = await start(listen(() => new Promise<never>(() => {})));
    const connection = new McpConnection(sourceOf({ url: server.url }));
    const leave = connection.subscribe(() => {});
    await eventually(() => expect(server.requests).toHaveLength(1));
    leave();
    await eventually(() => expect(server.requests[0]?.abandoned).toBe(true));
    expect(connection.getState()).toMatchObject({ state: "discovering", error: undefined });
  });

  it("keeps the identity of its state until something changes, and of its actions always", async () => {
    const server = await start(mcpServerV2());
    const { connection } = connect({ url: server.url });
    const { actions } = connection;
    const ready = await settled(connection);
    expect(connection.getState()).toBe(ready);
    expect(connection.actions).toBe(actions);
    expect(Object.isFrozen(ready) && Object.isFrozen(actions)).toBe(true);
  });

  it("follows a list that changes", async () => {
    const server = await start(mcpServerV1());
    const { connection } = connect({ url: server.url });
    const { tools } = await settled(connection);
    const listed = (): number => server.requests.filter(({ body }) => body.includes('"tools/list"')).length;
    expect(listed()).toBe(1);
    await eventually(async () => {
      await server.notifyToolsChanged();
      expect(listed()).toBeGreaterThan(1);
    });
    const changed = await until(connection, (snapshot) => snapshot.tools !== tools);
    expect(changed.tools).toEqual(tools);
  });
});

describe("retry and disconnect", () => {
  it("starts over after a failure", async () => {
    let accepted = false;
    const server = await start(mcpServerV2({ guard: () => (accepted ? undefined : { status: 401 }) }));
    const { connection, states } = connect({ url: server.url, authToken: "t-1" });
    expect((await settled(connection)).error?.code).toBe("unauthorized");
    accepted = true;
    connection.actions.retry();
    expect((await settled(connection)).state).toBe("ready");
    expect(states).toEqual(["discovering", "connecting", "failed", "discovering", "connecting", "ready"]);
  });

  it("stays disconnected until retry", async () => {
    const server = await start(mcpServerV1());
    const { connection } = connect({ url: server.url });
    await settled(connection);
    connection.actions.disconnect();
    expect(connection.getState()).toMatchObject({ state: "failed", error: { code: "session_closed" }, tools: [] });
    await eventually(() => expect(server.sessionIds()).toEqual([]));
    connection.actions.retry();
    expect((await settled(connection)).state).toBe("ready");
    expect(server.sessionIds()).toHaveLength(1);
  });

  it("drops what an ended attempt still brings", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = true;
    const slow = await start(
      listen(async (_request, response) => {
        if (first) {
          first = false;
          await held;
        }
        response.writeHead(401).end();
      }),
    );
    const { connection, states } = connect({ url: slow.url, authToken: "t-1" });
    await eventually(() => expect(slow.requests).toHaveLength(1));
    connection.actions.disconnect();
    release();
    connection.actions.retry();
    expect((await settled(connection)).error?.code).toBe("unauthorized");
    expect(states).toEqual(["discovering", "connecting", "failed", "discovering", "connecting", "failed"]);
  });
});
