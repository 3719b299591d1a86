import { join } from "node:path";
import { BearerAuth } from "@sallyport/auth-core";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import {
  type Guard,
  type McpTestServer,
  mcpServerV1,
  mcpServerV2,
  type RecordedRequest,
  requireBearer,
  requireHeader,
  sseServer,
  type TemporaryFolder,
  temporaryFolder,
} from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MCPClient, type MCPClientOptions, type ServerEvent } from "../src/client.ts";
import { SessionsError } from "../src/sessions-error.ts";

const token = "t-1";
const starters = { "SDK 2.x": mcpServerV2, "SDK 1.x": mcpServerV1, SSE: sseServer } as const;
let folder: TemporaryFolder;
let cleanups: (() => Promise<void>)[];
beforeEach(async () => {
  folder = await temporaryFolder();
  cleanups = [() => folder.remove()];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function start(kind: keyof typeof starters, guard: Guard = requireBearer(token)): Promise<McpTestServer> {
  const server = await starters[kind]({ guard });
  cleanups.push(() => server.close());
  return server;
}

/** A guard's answer that comes when it is released. */
function hold(): { until: Promise<undefined>; release(): void } {
  let release = (): void => {};
  const until = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  return { until, release };
}

const methodsOf = (requests: readonly RecordedRequest[]): string[] =>
  requests.flatMap(({ body }) => (body === "" ? [] : [JSON.parse(body).method]));

describe.each([sdkV2, sdkV1])("HTTP over $name", (sdk) => {
  const connectTo = (servers: Record<string, object>, options: MCPClientOptions = {}): MCPClient => {
    const client = MCPClient.fromDict({ mcpServers: servers }, { sdk, ...options });
    cleanups.push(() => client.closeAllSessions());
    return client;
  };

  test.each(Object.keys(starters) as (keyof typeof starters)[])(
    "lists and calls tools of a server on %s",
    async (kind) => {
      const server = await start(kind);
      const session = await connectTo({ api: { url: server.url, authToken: token } }).createSession("api");
      expect((await session.listTools()).map(({ name }) => name)).toContain("echo");
      const { content } = await session.callTool("echo", { text: "hello" });
      expect(content).toEqual([{ type: "text", text: "hello" }]);
      expect(server.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
    },
  );

  test("every way to write a token in a file sends the same", async () => {
    const server = await start("SDK 2.x");
    const { url } = server;
    const servers = {
      camel: { url, authToken: token },
      snake: { url, auth_token: token },
      shorthand: { url, auth: token },
      headers: { url, headers: { authorization: `Bearer ${token}` } },
      object: { url, auth: { type: "bearer", token: `\${TOKEN}` } },
      source: { url, auth: { type: "bearer", token: { file: "token" } } },
      command: { url, authToken: { command: ["cat", "token"] } },
      variable: { url, authToken: { env: "FROM_ENV_FILE" } },
    };
    await folder.write(".env", `FROM_ENV_FILE=${token}`);
    await folder.write("token", `${token}\n`);
    const file = await folder.write("mcp.json", JSON.stringify({ mcpServers: servers }));
    const client = new MCPClient(file, { sdk, env: { TOKEN: token, PATH: process.env["PATH"] }, envFile: ".env" });
    cleanups.push(() => client.closeAllSessions());
    expect([...(await client.createAllSessions()).keys()]).toEqual(Object.keys(servers));
    const sent = server.requests.map(({ rawHeaders }) =>
      rawHeaders.filter(([name]) => name.toLowerCase() === "authorization").map(([, value]) => value),
    );
    expect(new Set(sent.map(String))).toEqual(new Set([`Bearer ${token}`]));
  });

  test("Auth instances and functions from code authenticate", async () => {
    const server = await start("SDK 2.x", requireHeader("x-key", "k-1"));
    const bearer = await start("SDK 2.x");
    const client = connectTo({
      fn: { url: server.url, auth: () => ({ "X-Key": "k-1" }) },
      instance: { url: bearer.url, auth: new BearerAuth(token) },
    });
    client.addServer("added", { url: bearer.url, authToken: () => token });
    expect((await client.createAllSessions()).size).toBe(3);
  });

  test("the same server twice at the same time is one session and one connection", async () => {
    const server = await start("SDK 2.x");
    const client = connectTo({ api: { url: server.url, authToken: token } });
    const [one, two] = await Promise.all([client.createSession("api"), client.createSession("api")]);
    expect(two).toBe(one);
    expect(await client.createSession("api")).toBe(one);
    expect(client.getSession("api")).toBe(one);
    const opening = methodsOf(server.requests).filter((it) => it === "initialize" || it === "server/discover");
    expect(opening).toHaveLength(1);
  });

  test("a closed session is replaced by a new one", async () => {
    const server = await start("SDK 1.x");
    const client = connectTo({ api: { url: server.url, authToken: token } });
    const first = await client.createSession("api");
    await client.closeSession("api");
    await client.closeSession("api");
    expect(first.getState().status).toBe("closed");
    expect(client.getSession("api")).toBeUndefined();
    const second = await client.createSession("api");
    expect(second).not.toBe(first);
    await second.close();
    expect(client.getSession("api")).toBeUndefined();
    expect(await (await client.createSession("api")).listTools()).not.toEqual([]);
  });

  test("removing a server closes its session", async () => {
    const server = await start("SDK 2.x");
    const client = connectTo({ api: { url: server.url, authToken: token } });
    const session = await client.createSession("api");
    await client.removeServer("api");
    expect(session.getState().status).toBe("closed");
  });

  test("a slow server does not hold up the others", async () => {
    const gate = hold();
    const [slow, fast] = await Promise.all([start("SDK 2.x", () => gate.until), start("SDK 2.x")]);
    const client = connectTo({ slow: { url: slow.url }, fast: { url: fast.url, authToken: token } });
    const all = client.createAllSessions();
    await expect.poll(() => client.getSession("fast")).toBeDefined();
    expect(client.getSession("slow")).toBeUndefined();
    gate.release();
    expect([...(await all).keys()]).toEqual(["slow", "fast"]);
  });

  test("a failing server does not lose the others", async () => {
    const server = await start("SDK 2.x");
    const client = connectTo({
      wrong: { url: server.url, authToken: "wrong" },
      right: { url: server.url, authToken: token },
      gone: { url: "http://127.0.0.1:1/mcp" },
      anonymous: { url: server.url },
    });
    const error: unknown = await client.createAllSessions().catch((error: unknown) => error);
    if (!(error instanceof SessionsError)) throw error;
    expect(error.code).toBe("connect_failed");
    expect(error.message).toMatch(/^3 of 4 servers did not connect:\nwrong: .*\ngone: .*\nanonymous: .*$/);
    expect([...error.failures]).toEqual([
      ["wrong", expect.objectContaining({ code: "unauthorized" })],
      ["gone", expect.objectContaining({ code: "connect_failed" })],
      ["anonymous", expect.objectContaining({ code: "authorization_required" })],
    ]);
    expect([...error.sessions.keys()]).toEqual(["right"]);
    expect(await error.sessions.get("right")?.listTools()).not.toEqual([]);
    expect(client.getSession("right")).toBe(error.sessions.get("right"));
  });

  test("a server that failed once connects the next time", async () => {
    let allowed = false;
    const server = await start("SDK 2.x", () => (allowed ? undefined : { status: 503 }));
    const client = connectTo({ api: { url: server.url } });
    await expect(client.createSession("api")).rejects.toMatchObject({ code: expect.any(String) });
    allowed = true;
    expect(await (await client.createSession("api")).listTools()).not.toEqual([]);
  });

  // anthropics/claude-code#53267: a short-lived token was not read again on 401.
  test("a rotated secret file is picked up after a 401, without a restart", async () => {
    let accepted = "old";
    const refused: (string | undefined)[] = [];
    const server = await start("SDK 2.x", (headers, request, response) => {
      const refusal = requireBearer(accepted)(headers, request, response);
      if (refusal !== undefined) refused.push(headers.authorization);
      return refusal;
    });
    await folder.write("token", "old\n");
    const config = { mcpServers: { api: { url: server.url, authToken: { file: "token" } } } };
    const client = new MCPClient(await folder.write("mcp.json", JSON.stringify(config)), { sdk });
    cleanups.push(() => client.closeAllSessions());
    const session = await client.createSession("api");
    expect(refused).toEqual([]);
    await folder.write("token", "new\n");
    accepted = "new";
    expect(await session.listTools()).not.toEqual([]);
    // Over 1.x the stream for notifications may meet the change as well.
    expect(new Set(refused)).toEqual(new Set(["Bearer old"]));
    expect(server.requests.at(-1)?.headers.authorization).toBe("Bearer new");
  });

  test("a secret that cannot be read sends nothing", async () => {
    const server = await start("SDK 2.x");
    const client = connectTo({ api: { url: server.url, authToken: { file: join(folder.path, "missing") } } });
    await expect(client.createSession("api")).rejects.toMatchObject({ code: "credential_source_failed" });
    expect(server.requests).toEqual([]);
  });

  test("events carry the server's name and no credential; fetch and clientInfo are used", async () => {
    const server = await start("SDK 2.x");
    const events: ServerEvent[] = [];
    const urls: string[] = [];
    const client = connectTo(
      { one: { url: server.url, authToken: token }, two: { url: server.url, authToken: token } },
      {
        onEvent: (event) => events.push(event),
        clientInfo: { name: "my-app", version: "7.0.0" },
        fetch: (input, init) => {
          urls.push(input instanceof Request ? input.url : String(input));
          return fetch(input, init);
        },
      },
    );
    await client.createAllSessions();
    expect(new Set(events.map((event) => event.server))).toEqual(new Set(["one", "two"]));
    expect(JSON.stringify(events)).not.toContain(token);
    expect(urls).toHaveLength(events.filter((event) => event.type === "request").length);
    expect(new Set(urls)).toEqual(new Set([server.url]));
    expect(server.requests.some(({ body }) => body.includes('"my-app"'))).toBe(true);
  });

  test("a disabled server is left out of all, and connects when it is asked for", async () => {
    const server = await start("SDK 2.x");
    const { url } = server;
    const client = connectTo({ off: { url, authToken: token, disabled: true }, on: { url, authToken: token } });
    expect([...(await client.createAllSessions()).keys()]).toEqual(["on"]);
    expect(await (await client.createSession("off")).listTools()).not.toEqual([]);
  });

  test("a server that does not let go does not keep the others from being closed", async () => {
    const servers = await Promise.all(
      [true, false].map(async (refuses) => {
        const guard: Guard = (_headers, { method }) => (refuses && method === "DELETE" ? { status: 500 } : undefined);
        const server = await mcpServerV1({ guard });
        cleanups.push(() => server.close());
        return server;
      }),
    );
    const [stubborn, polite] = servers;
    const client = connectTo({ stubborn: { url: stubborn?.url }, polite: { url: polite?.url } });
    const sessions = await client.createAllSessions();
    expect(servers.map((server) => server.sessionIds().length)).toEqual([1, 1]);
    await client.closeAllSessions();
    expect([...sessions.values()].map((session) => session.getState().status)).toEqual(["closed", "closed"]);
    expect(servers.map((server) => server.sessionIds().length)).toEqual([1, 0]);
  });

  test("closing gives up a connection on its way, and the next one works", async () => {
    const gate = hold();
    const server = await start("SDK 2.x", () => gate.until);
    const client = connectTo({ api: { url: server.url } });
    const opening = client.createSession("api");
    const outcome = opening.then(
      () => "connected",
      (error) => error.code,
    );
    await expect.poll(() => server.requests).not.toEqual([]);
    await client.closeAllSessions();
    expect(await outcome).toBe("session_closed");
    gate.release();
    expect(await (await client.createSession("api")).listTools()).not.toEqual([]);
  });
});

test("a second session to a server skips the question for its protocol", async () => {
  const server = await start("SDK 2.x");
  const client = MCPClient.fromDict({ mcpServers: { api: { url: server.url, authToken: token } } });
  cleanups.push(() => client.closeAllSessions());
  await client.createSession("api");
  expect(methodsOf(server.requests)).toContain("server/discover");
  await client.closeSession("api");
  const before = server.requests.length;
  const session = await client.createSession("api");
  expect(await session.listTools()).not.toEqual([]);
  expect(methodsOf(server.requests.slice(before))).toEqual(["tools/list"]);
});
