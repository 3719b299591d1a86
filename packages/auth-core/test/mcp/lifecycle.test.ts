/**
 * The life of a session: its states, its one connection, what it remembers, what it mends, and its end.
 */
import { inspect } from "node:util";
import { listen, mcpServerV1, mcpServerV2, type RecordedRequest, requireBearer } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import { sdkV1 } from "../../src/mcp/sdk-v1.ts";
import { Session } from "../../src/mcp/session.ts";
import type { SessionState } from "../../src/mcp/session-options.ts";
import { bearer, httpServer, running, sdks, session } from "./sessions.ts";

const rpcMethods = (requests: readonly RecordedRequest[]): unknown[] =>
  requests.map(({ method, body }) => (body === "" ? method : JSON.parse(body).method));

describe("state", () => {
  it("is one object until it changes", async () => {
    const server = await running(mcpServerV2());
    const client = session(server.url);
    const seen: SessionState[] = [client.getState()];
    client.subscribe(() => seen.push(client.getState()));
    await client.connect();
    await client.listTools();
    expect(client.getState()).toBe(client.getState());
    await client.close();
    expect(seen.map(({ status }) => status)).toEqual(["idle", "connecting", "ready", "closed"]);
    expect(seen.every((state) => Object.isFrozen(state))).toBe(true);
  });

  it("reaches every listener, also when one throws or leaves", async () => {
    const server = await running(mcpServerV2());
    const client = session(server.url);
    const calls: string[] = [];
    client.subscribe(() => {
      calls.push("first");
      throw new Error("not my problem");
    });
    const leave = client.subscribe(() => {
      calls.push("second");
      leave();
    });
    client.subscribe(() => void calls.push("third"));
    await client.connect();
    expect(calls).toEqual(["first", "second", "third", "first", "third"]);
  });

  it("can be passed on as functions, as useSyncExternalStore wants them", () => {
    const { getState, subscribe } = session("http://127.0.0.1:9/mcp");
    expect(subscribe(() => {})).toBeTypeOf("function");
    expect(getState()).toEqual({ status: "idle" });
  });
});

describe("connecting", () => {
  it("is done once for all who ask", async () => {
    const server = await running(mcpServerV2());
    const client = session(server.url);
    await Promise.all([client.connect(), client.connect(), client.listTools(), client.callTool("echo", { text: "a" })]);
    expect(rpcMethods(server.requests).filter((method) => method === "server/discover")).toHaveLength(1);
  });

  it("is tried again by the next call after it failed", async () => {
    let open = false;
    const server = await running(mcpServerV2({ guard: () => (open ? undefined : { status: 500 }) }));
    const client = session(server.url);
    await expect(client.connect()).rejects.toMatchObject({ code: "connect_failed" });
    expect(client.getState().status).toBe("failed");
    open = true;
    expect(await client.listTools()).toHaveLength(5);
    expect(client.getState()).toEqual({ status: "ready" });
  });

  it.each(sdks)("ends when the session is closed meanwhile, with $name", async (sdk) => {
    const server = await running(listen(() => {}));
    const client = session(server.url, { sdk });
    const connecting = client.connect().catch((error: unknown) => error);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    await client.close();
    expect(await connecting).toMatchObject({ code: "session_closed" });
    expect(client.getState()).toEqual({ status: "closed" });
    await vi.waitFor(() => expect(server.requests[0]?.abandoned).toBe(true));
  });

  it("leaves the caller of one call when only that call is given up", async () => {
    const server = await running(listen(() => {}));
    const client = session(server.url);
    const giveUp = new AbortController();
    const call = client.listTools({ signal: giveUp.signal });
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    giveUp.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(client.getState().status).toBe("connecting");
  });

  it("follows the signal of the session", async () => {
    const server = await running(mcpServerV2());
    const stop = new AbortController();
    const client = await session(server.url, { signal: stop.signal }).connect();
    stop.abort();
    expect(client.getState()).toEqual({ status: "closed" });
    expect(new Session(httpServer(server.url), { signal: stop.signal }).getState()).toEqual({ status: "closed" });
  });

  it("uses the fetch that is given, below the authentication", async () => {
    const server = await running(mcpServerV2({ guard: requireBearer("demo-token") }));
    const sent: (string | null)[] = [];
    const own: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      sent.push(request.headers.get("authorization"));
      return fetch(request);
    };
    const events: string[] = [];
    const onEvent = ({ type }: { type: string }) => void events.push(type);
    await session(server.url, { fetch: own, onEvent }, { auth: bearer }).listTools();
    expect(sent).toEqual(["Bearer demo-token", "Bearer demo-token"]);
    expect(events).toEqual(["request", "response", "request", "response"]);
  });
});

describe("a remembered verdict", () => {
  it("spares the question for the protocol: tools/list costs one request", async () => {
    const server = await running(mcpServerV2());
    const first = await session(server.url).connect();
    const prior: unknown = JSON.parse(JSON.stringify(first.prior));
    const before = server.requests.length;
    const second = session(server.url, { prior });
    expect(await second.listTools()).toHaveLength(5);
    expect(rpcMethods(server.requests.slice(before))).toEqual(["tools/list"]);
    expect(second.serverInfo?.name).toBe("testkit-v2");
    expect(second.prior).toEqual(prior);
  });

  it("holds no credential", async () => {
    const server = await running(mcpServerV2({ guard: requireBearer("demo-token") }));
    const client = await session(server.url, {}, { auth: bearer }).connect();
    expect(JSON.stringify(client.prior)).not.toContain("demo-token");
  });

  it("is not kept for a server of the older protocols, which may learn the newer one", async () => {
    const server = await running(mcpServerV1());
    expect((await session(server.url).connect()).prior).toBeUndefined();
    expect((await session(server.url, { sdk: sdkV1 }).connect()).prior).toBeUndefined();
  });

  it.each([
    ["with sessions", true],
    ["without sessions", false],
  ])("that is out of date costs one reconnect: an older server %s", async (_name, stateful) => {
    const modern = await running(mcpServerV2());
    const { prior } = await session(modern.url).connect();
    const older = await running(mcpServerV1({ stateful }));
    const client = session(older.url, { prior });
    expect((await client.callTool("add", { a: 1, b: 2 })).content).toEqual([{ type: "text", text: "3" }]);
    expect(client.protocolVersion).toBe("2025-11-25");
    expect(client.prior).toBeUndefined();
    expect(rpcMethods(older.requests).filter((method) => method === "tools/call")).toHaveLength(2);
  });

  it("that is out of date does not hide a refusal", async () => {
    const modern = await running(mcpServerV2());
    const { prior } = await session(modern.url).connect();
    const guarded = await running(mcpServerV2({ guard: requireBearer("demo-token") }));
    await expect(session(guarded.url, { prior }).listTools()).rejects.toMatchObject({ code: "authorization_required" });
    expect(guarded.requests).toHaveLength(1);
  });

  it.each([
    null,
    1,
    "modern",
    [],
    {},
    { kind: "modern" },
    { kind: "modern", discover: { supportedVersions: ["9999-01-01"] } },
  ])("that is no verdict is ignored: %j", async (prior) => {
    const server = await running(mcpServerV2());
    for (const sdk of sdks) expect(await session(server.url, { sdk, prior }).listTools()).toHaveLength(5);
  });
});

describe.each(sdks)("a lost session (SES-04), $name", (sdk) => {
  it("is replaced once, for all calls that found it lost", async () => {
    const server = await running(mcpServerV1());
    const client = await session(server.url, { sdk }).connect();
    const [before] = server.sessionIds();
    await server.forgetSessions();
    const states: string[] = [];
    client.subscribe(() => void states.push(client.getState().status));
    const answers = await Promise.all(["a", "b", "c"].map((text) => client.callTool("echo", { text })));
    expect(answers.map(({ content }) => content)).toEqual(["a", "b", "c"].map((text) => [{ type: "text", text }]));
    expect(server.sessionIds()).toHaveLength(1);
    expect(server.sessionIds()).not.toContain(before);
    expect(states).toEqual(["connecting", "ready"]);
    // The request that starts the new session carries no id.
    const starts = server.requests.filter(({ body }) => body.includes('"initialize"'));
    expect(starts).toHaveLength(2);
    for (const { headers } of starts) expect(headers["mcp-session-id"]).toBeUndefined();
  });

  it("is an error when the new one is lost at once", async () => {
    const server = await running(
      mcpServerV1({ guard: (_headers, { body }) => (body.includes('"tools/call"') ? { status: 404 } : undefined) }),
    );
    const client = session(server.url, { sdk });
    await expect(client.callTool("echo", { text: "a" })).rejects.toMatchObject({
      code: "session_closed",
      message: expect.stringContaining("HTTP 404"),
    });
    expect(client.getState()).toMatchObject({ status: "failed", error: { code: "session_closed" } });
    expect(await client.listTools()).toHaveLength(5);
  });

  it("is ended at the server when the client closes", async () => {
    const server = await running(mcpServerV1());
    const client = await session(server.url, { sdk }).connect();
    expect(server.sessionIds()).toHaveLength(1);
    await client.close();
    expect(server.sessionIds()).toHaveLength(0);
    expect(server.requests.at(-1)?.method).toBe("DELETE");
  });

  it("does not keep the client from closing when the server does not answer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const server = await running(
        mcpServerV1({ guard: (_headers, { method }) => (method === "DELETE" ? new Promise(() => {}) : undefined) }),
      );
      const client = await session(server.url, { sdk }).connect();
      const closing = client.close();
      await vi.waitUntil(() => server.requests.at(-1)?.method === "DELETE");
      await vi.advanceTimersByTimeAsync(2_000);
      await closing;
      expect(client.getState()).toEqual({ status: "closed" });
    } finally {
      vi.useRealTimers();
    }
  });
});

it("shows no secret, whoever looks at it", async () => {
  const server = await running(mcpServerV2({ guard: requireBearer("m4rked-secret") }));
  const client = session(
    server.url,
    {},
    { auth: { type: "bearer", token: "m4rked-secret" }, headers: { "X-Key": "m4rked-too" } },
  );
  await client.connect();
  for (const shown of [inspect(client, { depth: 12, showHidden: true }), JSON.stringify(client), String(client)]) {
    expect(shown).not.toContain("m4rked");
  }
  expect(inspect(client.raw, { depth: 12, showHidden: true })).not.toContain("m4rked");
});
