import { inspect } from "node:util";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { listen, mcpServerV1, mcpServerV2, requireBearer, requireHeader, sseServer } from "@sallyport/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { McpConnection } from "../../src/browser/connection.ts";
import { sourceOf, type UseMcpOptions } from "../../src/browser/source.ts";
import { initialSnapshot, type McpConnectionState } from "../../src/browser/state.ts";
import { lineTo } from "../line.ts";
import { settled, until } from "../until.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that is closed after the test. */
async function start<Server extends { close(): Promise<void> }>(server: Promise<Server>): Promise<Server> {
  const running = await server;
  closers.push(() => running.close());
  return running;
}

/** A connection that somebody watches until the end of the test. */
function connect(options: UseMcpOptions): { connection: McpConnection; states: McpConnectionState[] } {
  const connection = new McpConnection(sourceOf(options));
  const states: McpConnectionState[] = [];
  closers.push(
    connection.subscribe(() => {
      const { state } = connection.getState();
      if (states.at(-1) !== state) states.push(state);
    }),
  );
  return { connection, states };
}

describe("connecting", () => {
  it("goes from discovering to ready, with everything the server has", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection, states } = connect({ url: server.url, authToken: "t-1" });
    expect(connection.getState()).toBe(initialSnapshot);

    const ready = await settled(connection);
    expect(states).toEqual(["discovering", "connecting", "ready"]);
    expect(ready.error).toBeUndefined();
    expect(ready.serverInfo).toMatchObject({ name: "testkit-v2" });
    expect(ready.tools.map((tool) => tool.name)).toContain("add");
    expect(ready.resources.map((resource) => resource.uri)).toContain("notes://readme");
    expect(ready.prompts.map((prompt) => prompt.name)).toEqual(["introduce"]);

    const { callTool, readResource, getPrompt } = connection.actions;
    expect(await callTool("add", { a: 2, b: 40 })).toMatchObject({ content: [{ type: "text", text: "42" }] });
    expect(await readResource("notes://readme")).toMatchObject({ contents: [{ text: "Read me first." }] });
    expect(await getPrompt("introduce", { name: "ada" })).toMatchObject({ messages: [{ role: "user" }] });
  });

  const forms: [name: string, options: Omit<UseMcpOptions, "url">][] = [
    ["authToken", { authToken: "t-1" }],
    ["auth as a text", { auth: "t-1" }],
    ["auth as an entry", { auth: { type: "bearer", token: "t-1" } }],
    ["headers", { headers: { Authorization: "Bearer t-1" } }],
    ["a function that is asked for the token", { authToken: () => "t-1" }],
    ["an auth function", { auth: (request: Request) => request.headers.set("authorization", "Bearer t-1") }],
    ["auth_token, as in a config file", { auth_token: "t-1" } as object],
  ];
  it.each(forms)("authenticates with %s", async (_name, options) => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection } = connect({ url: server.url, ...options });
    expect(await settled(connection)).toMatchObject({ state: "ready", error: undefined });
  });

  it("sends a key in a header of its own", async () => {
    const server = await start(mcpServerV2({ guard: requireHeader("x-api-key", "k-1") }));
    const { connection } = connect({
      url: server.url,
      auth: { type: "apiKey", key: "k-1", name: "X-API-Key", in: "header" },
    });
    expect((await settled(connection)).state).toBe("ready");
  });

  it("speaks to servers of SDK 1.x, over either line, and to older ones", async () => {
    const v1 = await start(mcpServerV1());
    const sse = await start(sseServer());
    for (const options of [
      { url: v1.url },
      { url: v1.url, sdk: sdkV1 },
      { url: v1.url, sdk: async () => sdkV1 },
      { url: sse.url },
    ]) {
      const { connection } = connect(options);
      expect(await settled(connection)).toMatchObject({ state: "ready", serverInfo: { name: "testkit-v1" } });
    }
  });

  it("tells the server the client's name", async () => {
    const server = await start(mcpServerV1());
    const { connection } = connect({ url: server.url, clientName: "Notes" });
    await settled(connection);
    expect(server.requests.some(({ body }) => body.includes('"clientInfo":{"name":"Notes"'))).toBe(true);
  });

  it("shows a list that the server keeps from this person as empty", async () => {
    const guard = requireBearer("t-1");
    const server = await start(
      mcpServerV2({
        guard: (headers, request) =>
          request.body.includes('"prompts/list"')
            ? { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="prompts"' } }
            : guard(headers, request),
      }),
    );
    const { connection } = connect({ url: server.url, authToken: "t-1" });
    const ready = await settled(connection);
    expect(ready).toMatchObject({ state: "ready", prompts: [] });
    expect(ready.tools).not.toEqual([]);
    expect(ready.log.map((entry) => entry.message).join("\n")).toContain("The prompts are missing");
  });
});

describe("failures", () => {
  it("says that a credential is needed when the server wants one (CHL-17)", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection, states } = connect({ url: server.url });
    expect(await settled(connection)).toMatchObject({ state: "failed", error: { code: "authorization_required" } });
    expect(states).toEqual(["discovering", "connecting", "failed"]);
    await expect(connection.actions.authenticate()).rejects.toMatchObject({ code: "auth_unsupported" });
    await expect(connection.actions.signOut()).rejects.toMatchObject({ code: "auth_unsupported" });
    await expect(connection.actions.callTool("echo")).rejects.toMatchObject({ code: "session_closed" });
  });

  it("says that the credential was refused", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection } = connect({ url: server.url, authToken: "t-2" });
    expect(await settled(connection)).toMatchObject({ state: "failed", error: { code: "unauthorized" } });
  });

  it("names both possibilities when no answer came, without the query (pain 27)", async () => {
    const server = await start(mcpServerV2());
    await server.close();
    const { connection } = connect({ url: `${server.url}?key=sk-secret-1` });
    expect((await settled(connection)).error).toMatchObject({
      code: "connect_failed",
      message: `No answer from ${server.url} reached this page. Either the server cannot be reached: it is down, the address is wrong, or there is no network. Or it does not allow requests from http://localhost:3000 (CORS): then the server's operator has to allow this origin.`,
    });
  });

  it("says what a secure page may not do", async () => {
    vi.stubGlobal("isSecureContext", true);
    closers.push(() => vi.unstubAllGlobals());
    const unreachable = async (): Promise<never> => {
      throw new TypeError("Failed to fetch");
    };
    const { connection } = connect({ url: "http://mcp.example.com/mcp", fetch: unreachable });
    expect((await settled(connection)).error?.message).toContain("Use the server's https address");
  });

  const wrong: [name: string, options: object, code: string, message: string][] = [
    ["an unknown option", { url: "https://example.com", authTokn: "t" }, "config_invalid", "authToken"],
    ["two tokens that disagree", { url: "https://example.com", authToken: "a", auth: "b" }, "config_conflict", "auth"],
    ["a URL that is none", { url: "example" }, "config_invalid", "url"],
    ["no URL", {}, "config_invalid", ""],
    ["a stdio server", { command: "node" }, "config_invalid", "web page"],
    ["OAuth", { url: "https://example.com", auth: { type: "oauth" } }, "auth_unsupported", ""],
    ["an option of signing in", { url: "https://example.com", callbackUrl: "/cb" }, "auth_unsupported", "callbackUrl"],
    [
      "a source that a page cannot read",
      { url: "https://example.com", authToken: { env: "T" } },
      "credential_source_failed",
      "",
    ],
  ];
  it.each(wrong)("%s is a failure, and nothing is sent", async (_name, options, code, message) => {
    const fetch = vi.fn();
    const { connection } = connect({ fetch, ...options } as unknown as UseMcpOptions);
    const { error } = await settled(connection);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(message);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("a call that lacks a scope rejects with its name and leaves the connection ready (CHL-09)", async () => {
    const guard = requireBearer("t-1");
    const server = await start(
      mcpServerV2({
        guard: (headers, request) =>
          request.body.includes('"tools/call"')
            ? {
                status: 403,
                headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="reports:read"' },
              }
            : guard(headers, request),
      }),
    );
    const { connection } = connect({ url: server.url, authToken: "t-1" });
    await settled(connection);
    const call = connection.actions.callTool("echo", { text: "x" });
    await expect(call).rejects.toMatchObject({
      code: "insufficient_scope",
      message: expect.stringContaining("reports:read"),
    });
    expect(connection.getState().state).toBe("ready");
  });
});

describe("watching", () => {
  it("connects once for everybody who watches", async () => {
    const server = await start(mcpServerV1());
    const { connection } = connect({ url: server.url });
    closers.push(connection.subscribe(() => {}));
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
    await vi.waitFor(() => expect(server.sessionIds()).toEqual([]));
    expect(connection.getState()).toMatchObject({ state: "discovering", tools: [] });
    await expect(connection.actions.callTool("echo", { text: "x" })).rejects.toMatchObject({ code: "session_closed" });

    expect((await settled(connection)).state).toBe("ready");
  });

  it("aborts what is under way when the last one leaves", async () => {
    const server = await start(listen(() => new Promise<never>(() => {})));
    const connection = new McpConnection(sourceOf({ url: server.url }));
    const leave = connection.subscribe(() => {});
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    leave();
    await vi.waitFor(() => expect(server.requests[0]?.abandoned).toBe(true));
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
    const server = await start(mcpServerV1({ prepare: () => {} }));
    const { connection } = connect({ url: server.url });
    const { tools } = await settled(connection);
    const listed = (): number => server.requests.filter(({ body }) => body.includes('"tools/list"')).length;
    expect(listed()).toBe(1);
    await vi.waitFor(async () => {
      await server.notifyToolsChanged();
      expect(listed()).toBeGreaterThan(1);
    });
    const changed = await until(connection, (snapshot) => snapshot.tools !== tools);
    expect(changed.tools).toEqual(tools);
  });
});

describe("retry and disconnect", () => {
  it("starts over after a failure", async () => {
    const accepted = new Set<string>();
    const guard = requireBearer("t-1");
    const server = await start(
      mcpServerV2({ guard: (headers, request) => (accepted.has("t-1") ? guard(headers, request) : { status: 401 }) }),
    );
    const { connection, states } = connect({ url: server.url, authToken: "t-1" });
    expect((await settled(connection)).error?.code).toBe("unauthorized");
    accepted.add("t-1");
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
    await vi.waitFor(() => expect(server.sessionIds()).toEqual([]));
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
    await vi.waitFor(() => expect(slow.requests).toHaveLength(1));
    connection.actions.disconnect();
    release();
    connection.actions.retry();
    expect((await settled(connection)).error?.code).toBe("unauthorized");
    expect(states).toEqual(["discovering", "connecting", "failed", "discovering", "connecting", "failed"]);
  });
});

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
    closers.push(() => vi.restoreAllMocks());
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

describe("secrets", () => {
  const secret = "sk-very-secret-4711";
  /** Everything that a page, a log or an inspector could show of a connection. */
  const shown = async (url: string): Promise<string> => {
    const { connection } = connect({ url, authToken: secret });
    const snapshot = await settled(connection);
    expect(JSON.stringify(snapshot.log)).toContain("Bearer ••••");
    return [JSON.stringify(snapshot), inspect(snapshot, { depth: 10 }), inspect(connection, { depth: 10 })].join("\n");
  };

  it("shows no credential in state, log or error (pain 30)", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer(secret) }));
    const refusing = await start(mcpServerV2({ guard: requireBearer("other") }));
    expect(await shown(server.url)).not.toContain(secret);
    expect(await shown(refusing.url)).not.toContain(secret);
  });

  it("does not repeat a refusal's body", async () => {
    const echoing = await start(
      listen(({ headers }, response) => {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: headers.authorization }));
      }),
    );
    expect(await shown(echoing.url)).not.toContain(secret);
  });
});
