/** Servers behind a real proxy, through both SDK lines, and what is said when the proxy does not do its part. */
import { inspect } from "node:util";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import {
  type GuardOptions,
  type KeyPair,
  mcpServerV1,
  mcpServerV2,
  type RunningServer,
  requireBearer,
  sseServer,
  type TemporaryFolder,
  type TestCa,
  type TestProxy,
  type TestProxyOptions,
  temporaryFolder,
  testCa,
  testProxy,
} from "@sallyport/testkit";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MCPClient, type MCPClientOptions, type ServerEvent } from "../../src/client.ts";

const starters = { "SDK 2.x": mcpServerV2, "SDK 1.x": mcpServerV1, SSE: sseServer } as const;
let ca: TestCa;
let pair: KeyPair;
let folder: TemporaryFolder;
let cleanups: (() => unknown)[];
beforeAll(async () => {
  ca = await testCa();
  pair = await ca.issue("server", { names: ["mcp.test"] });
});
beforeEach(async () => {
  folder = await temporaryFolder();
  cleanups = [() => folder.remove()];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function start(kind: keyof typeof starters, options: GuardOptions = {}): Promise<RunningServer> {
  const server = await starters[kind](options);
  cleanups.push(() => server.close());
  return server;
}

async function startProxy(options?: TestProxyOptions): Promise<TestProxy> {
  const proxy = await testProxy(options);
  cleanups.push(() => proxy.close());
  return proxy;
}

function connectTo(entry: object, options: MCPClientOptions = {}): MCPClient {
  const client = MCPClient.fromDict({ mcpServers: { api: entry } }, { env: {}, ...options });
  cleanups.push(() => client.closeAllSessions());
  return client;
}

async function failureOf(client: MCPClient): Promise<{ code: string; message: string; shown: string }> {
  try {
    await client.createSession("api");
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message, shown: inspect(error, { depth: 20, showHidden: true }) };
  }
  return expect.fail("should not have connected");
}

/** The server under a name that only the proxy knows: what gets through has gone through the proxy. */
const named = (server: RunningServer): string => server.url.replace("127.0.0.1", "mcp.test");

describe.each([sdkV2, sdkV1])("over $name", (sdk) => {
  describe.each(["http", "https"])("an %s server", (scheme) => {
    test.each(Object.keys(starters) as (keyof typeof starters)[])("on %s, tool calls and streams", async (kind) => {
      const secure = scheme === "https";
      const tls = secure ? { ...pair, ca: ca.cert, requestCert: true, rejectUnauthorized: true } : undefined;
      const server = await start(kind, { guard: requireBearer("t-1"), tls });
      const proxy = await startProxy({ credentials: () => "user:hunter2" });
      const client = connectTo(
        {
          url: named(server),
          authToken: "t-1",
          proxy: { url: proxy.url, username: "user", password: { env: "PASSWORD" } },
          ...(secure ? { tls: { ...(await ca.issue("client")), ca: ca.cert } } : {}),
        },
        { sdk, env: { PASSWORD: "hunter2" } },
      );
      const session = await client.createSession("api");
      const steps: number[] = [];
      const onProgress = ({ progress }: { progress: number }): unknown => steps.push(progress);
      const { content } = await session.callTool("count", { to: 3 }, { onProgress });
      expect(content).toEqual([{ type: "text", text: "counted to 3" }]);
      expect(steps).toEqual([1, 2, 3]);
      const methods = new Set(proxy.requests.map(({ method }) => method));
      if (secure) {
        // The proxy learns the host and nothing else.
        expect(methods).toEqual(new Set(["CONNECT"]));
        expect(new Set(proxy.requests.map(({ target }) => target))).toEqual(new Set([`mcp.test:${server.port}`]));
        expect(proxy.requests.flatMap(({ headers }) => headers)).not.toContain("authorization");
      } else expect(methods).not.toContain("CONNECT");
      expect(server.requests.flatMap(({ headers }) => Object.keys(headers))).not.toContain("proxy-authorization");
      await session.close();
      await expect.poll(() => proxy.openSockets()).toBe(0);
    });
  });

  test("through an https proxy", async () => {
    const server = await start("SDK 2.x", { tls: pair });
    const proxy = await startProxy({ tls: await ca.issue("proxy", { names: ["localhost"] }) });
    const entry = { url: named(server), tls: { ca: ca.cert }, proxy: proxy.url };
    // The proxy's certificate is none of the server's business: its CA has to be known by itself.
    const { code, message } = await failureOf(connectTo(entry, { sdk }));
    expect([code, message]).toEqual([
      "connect_failed",
      expect.stringMatching(
        /through the proxy https:.*its certificate is not accepted \(UNABLE_TO_.*NODE_EXTRA_CA_CERTS/,
      ),
    ]);
    expect(proxy.requests).toEqual([]);
  });

  test("variables of the environment and of an env file name it; NO_PROXY exempts from it", async () => {
    const server = await start("SDK 2.x");
    const proxy = await startProxy({ credentials: () => "user:hunter2" });
    const address = proxy.url.replace("//", "//user:hunter2@");
    await folder.write(".env", `HTTP_PROXY=${address}\n`);
    const file = await folder.write("mcp.json", JSON.stringify({ mcpServers: { api: { url: named(server) } } }));
    const connect = async (env: Record<string, string>): Promise<void> => {
      const client = new MCPClient(file, { sdk, env, envFile: ".env" });
      cleanups.push(() => client.closeAllSessions());
      await client.createSession("api");
      await client.closeAllSessions();
    };
    await connect({});
    expect(proxy.requests.length).toBeGreaterThan(0);
    const before = proxy.requests.length;
    for (const NO_PROXY of ["mcp.test", ".test", `mcp.test:${server.port}`, "*"]) {
      // Without the proxy nobody knows the name.
      await expect(connect({ NO_PROXY })).rejects.toMatchObject({ code: "connect_failed" });
    }
    expect(proxy.requests).toHaveLength(before);
  });

  test("variables do not lead what is on this machine through a proxy; the entry's own setting does", async () => {
    const server = await start("SDK 2.x");
    const proxy = await startProxy();
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    await connectTo({ url: server.url }, { sdk, env }).createSession("api");
    expect(proxy.requests).toEqual([]);
    await connectTo({ url: server.url, proxy: proxy.url }, { sdk, env: { NO_PROXY: "*" } }).createSession("api");
    expect(proxy.requests.length).toBeGreaterThan(0);
  });

  test("proxy: false goes without, whatever the variables say", async () => {
    const server = await start("SDK 2.x");
    const env = { HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "" };
    const client = connectTo({ url: server.url, proxy: false }, { sdk, env });
    expect(await (await client.createSession("api")).listTools()).not.toEqual([]);
  });

  test.each([
    [407, undefined, /asks for a user name and a password\. Write them as proxy\.username and proxy\.password/],
    [407, { username: "user", password: "hunter2" }, /does not accept the user name and password/],
    [403, undefined, /does not allow connections to this server/],
    [502, undefined, /did not connect to the server/],
  ])("a proxy that answers %i", async (refuse, credentials, message) => {
    const server = await start("SDK 2.x", { tls: pair });
    const proxy = await startProxy({ refuse });
    const entry = { url: named(server), tls: { ca: ca.cert }, proxy: { url: proxy.url, ...credentials } };
    const failure = await failureOf(connectTo(entry, { sdk }));
    expect([failure.code, failure.message]).toEqual(["connect_failed", expect.stringMatching(message)]);
    expect(failure.message).toContain(proxy.url);
    for (const secret of ["hunter2", Buffer.from("user:hunter2").toString("base64")]) {
      expect(failure.shown).not.toContain(secret);
    }
    expect(server.requests).toEqual([]);
  });

  test("a proxy that asks for a password on the way to an http server", async () => {
    const server = await start("SDK 2.x");
    const proxy = await startProxy({ credentials: () => "user:hunter2" });
    const { code, message } = await failureOf(connectTo({ url: named(server), proxy: proxy.url }, { sdk }));
    expect([code, message]).toEqual(["connect_failed", expect.stringMatching(/asks for a user name and a password/)]);
  });

  test.each(["http", "https"])("a proxy that is down, for an %s server", async (scheme) => {
    const env = { HTTPS_PROXY: "http://user:hunter2@127.0.0.1:1", HTTP_PROXY: "http://user:hunter2@127.0.0.1:1" };
    const failure = await failureOf(connectTo({ url: `${scheme}://mcp.test/mcp` }, { sdk, env }));
    expect([failure.code, failure.message]).toEqual([
      "connect_failed",
      `Cannot reach "api" (${scheme}://mcp.test/mcp) through the proxy http://127.0.0.1:1 from ${scheme.toUpperCase()}_PROXY: nothing listens there (ECONNREFUSED). Correct the address, or start the proxy.`,
    ]);
    expect(failure.shown).not.toContain("hunter2");
  });

  test("a certificate of the server's is judged behind the proxy as before it", async () => {
    const proxy = await startProxy();
    const server = await start("SDK 2.x", {
      tls: await ca.issue("other", { names: ["other.test"], withoutAddress: true }),
    });
    const untrusted = await failureOf(connectTo({ url: named(server), proxy: proxy.url }, { sdk }));
    expect(untrusted.message).toMatch(/Put the CA in tls\.ca/);
    const entry = { url: named(server), proxy: proxy.url, tls: { ca: ca.cert } };
    const misnamed = await failureOf(connectTo(entry, { sdk }));
    expect(misnamed.message).toMatch(/is for "DNS:other\.test" and not for "mcp\.test"/);
    const renamed = connectTo({ ...entry, tls: { ...entry.tls, servername: "other.test" } }, { sdk });
    expect(await (await renamed.createSession("api")).listTools()).not.toEqual([]);
  });

  test("a password that was changed is read again after the proxy refuses the old one", async () => {
    let password = "old";
    const server = await start("SDK 2.x");
    const proxy = await startProxy({ credentials: () => `user:${password}` });
    await folder.write("password", "old\n");
    const entry = {
      url: named(server),
      proxy: { url: proxy.url, username: "user", password: { file: `${folder.path}/password` } },
    };
    const session = await connectTo(entry, { sdk }).createSession("api");
    await folder.write("password", "new\n");
    password = "new";
    const lists = await Promise.all([session.listTools(), session.listTools(), session.listTools()]);
    for (const list of lists) expect(list).not.toEqual([]);
  });

  test("events tell of the server and not of the proxy", async () => {
    const server = await start("SDK 2.x");
    const proxy = await startProxy({ credentials: () => "user:hunter2" });
    const events: ServerEvent[] = [];
    const entry = { url: named(server), proxy: { url: proxy.url, username: "user", password: "hunter2" } };
    await connectTo(entry, { sdk, onEvent: (event) => events.push(event) }).createSession("api");
    expect(events.length).toBeGreaterThan(0);
    expect(JSON.stringify(events)).not.toMatch(/hunter2|proxy/);
  });
});

test("a variable that is no URL of a proxy is told without its value", async () => {
  const env = { HTTPS_PROXY: "socks5://user:hunter2@127.0.0.1:1" };
  const failure = await failureOf(connectTo({ url: "https://mcp.test/mcp" }, { env }));
  expect(failure.code).toBe("config_invalid");
  expect(failure.message).toMatch(/HTTPS_PROXY/);
  expect(failure.shown).not.toContain("hunter2");
});
