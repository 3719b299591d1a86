/**
 * Real processes that share a folder of credentials: one refresh and one window between them, and nobody is stuck when one of
 * them is killed, at whatever instant (REF-06, AUT-04;
 * https://github.com/modelcontextprotocol/typescript-sdk/issues/1813, https://github.com/punkpeye/mcp-remote/issues/306,
 * https://github.com/punkpeye/mcp-remote/issues/320, https://github.com/punkpeye/mcp-remote/issues/253).
 */
import { fileURLToPath } from "node:url";
import {
  answerHeld,
  headlessInteraction,
  type NodeProcess,
  protectedMcpServer,
  runNode,
  type ScriptedAuthorizationServer,
  scriptedAuthorizationServer,
  type TemporaryFolder,
  temporaryFolder,
  testAuthorizationServer,
} from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { MCPClient } from "../../src/client.ts";
import { fileStore } from "../../src/stores/file-store.ts";
import type { OAuthTask } from "../fixtures/oauth-user.ts";
import { type Bundle, bundle } from "../support/bundle.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let program: Bundle;
let temporary: TemporaryFolder;
let folder: string;
const running: NodeProcess[] = [];

beforeAll(async () => {
  program = await bundle("test/fixtures/oauth-user.ts");
});
afterAll(() => program?.remove());
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = `${temporary.path}/credentials`;
});
afterEach(async () => {
  for (const process of running.splice(0)) process.kill();
  await temporary.remove();
});

function start(task: Omit<OAuthTask, "folder">): NodeProcess {
  const started = runNode(fileURLToPath(program.url), [JSON.stringify({ folder, ...task })]);
  running.push(started);
  return started;
}

const linesOf = ({ output }: NodeProcess): string[] => output.stdout.trimEnd().split("\n");
const urlsOf = (process: NodeProcess): string[] =>
  linesOf(process).flatMap((line) => (line.startsWith("open ") ? [line.slice("open ".length)] : []));

/** The authorization URL that a process sends its person to. */
async function asked(process: NodeProcess): Promise<string> {
  await process.printed("open ");
  await vi.waitFor(() => expect(process.output.stdout).toMatch(/^open \S+\n/m), { timeout: 30_000, interval: 5 });
  return urlsOf(process)[0] ?? "";
}

async function ended(process: NodeProcess): Promise<string[]> {
  const { stderr } = await process.finished;
  expect(stderr).toBe("");
  return linesOf(process);
}

/** A small server that everything can be scripted of. */
async function small(): Promise<{ server: ScriptedAuthorizationServer; user: Pick<OAuthTask, "url" | "plain"> }> {
  const server = await scriptedAuthorizationServer();
  onTestFinished(() => server.close());
  return { server, user: { url: server.resource, plain: true } };
}

/** Sign in as a person at a browser, which brings the answer back. */
async function signIn(server: ScriptedAuthorizationServer, process: NodeProcess): Promise<void> {
  await server.signIn(await asked(process), { deliver: true });
}

/** A process that has signed in, and ended. */
async function signedIn(server: ScriptedAuthorizationServer, user: Pick<OAuthTask, "url" | "plain">): Promise<void> {
  const first = start(user);
  await signIn(server, first);
  expect((await ended(first)).at(-1)).toBe("done 200");
}

describe("eight processes, and a real authorization server that rotates refresh tokens", () => {
  async function real() {
    const as = await testAuthorizationServer();
    onTestFinished(() => as.close());
    const mcp = await protectedMcpServer({ authorizationServer: as });
    onTestFinished(() => mcp.close());
    return { as, mcp };
  }
  const eight = (task: Omit<OAuthTask, "folder">): NodeProcess[] => Array.from({ length: 8 }, () => start(task));
  const five = `done ${JSON.stringify([{ type: "text", text: "5" }])}`;

  test.each<[string, Partial<OAuthTask>]>([
    ["that find the token refused", {}],
    ["that find the token expired", { aheadMs: 2 * 3_600_000 }],
  ])("%s: one refresh, and no failure", async (_, more) => {
    const { as, mcp } = await real();
    const auth = { type: "oauth", callbackPort: 0, strictPort: false } as const;
    const options = { store: fileStore(folder), interaction: headlessInteraction() };
    const client = new MCPClient({ mcpServers: { it: { url: mcp.url, auth } } }, options);
    await client.createSession("it");
    await client.closeAllSessions();
    as.expireAccessTokens();
    const processes = eight({ url: mcp.url, calls: 5, ...more });
    for (const each of processes) expect(await ended(each)).toEqual(Array(5).fill(five));
    expect(as.count("token", "refresh_token")).toBe(1);
    expect(as.count("token", "authorization_code")).toBe(1);
    expect(as.failures).toEqual([]);
  });

  test("that nobody has signed in to: one window, and no failure", async () => {
    const { as, mcp } = await real();
    const processes = eight({ url: mcp.url, calls: 2 });
    const url = await Promise.race(processes.map(asked));
    await as.signIn(url, { deliver: true });
    for (const each of processes) {
      expect((await ended(each)).filter((line) => !line.startsWith("open "))).toEqual(Array(2).fill(five));
    }
    expect(processes.flatMap(urlsOf)).toEqual([url]);
    expect(as.count("registration")).toBe(1);
    expect(as.count("token")).toBe(1);
  });
});

describe("a process that is killed while it refreshes", () => {
  test("before the server has answered: the next one takes over at once, and refreshes", async () => {
    const { server, user } = await small();
    await signedIn(server, user);
    server.expireAccessTokens();
    const held = answerHeld();
    server.script.on = { token: held };
    const killed = start(user);
    await held.reached;
    // It holds the lease, which would last for an hour.
    const waiting = start({ ...user, lease: { leaseMs: 3_600_000 } });
    killed.kill();
    await killed.finished;
    server.script.on = {};
    expect(await ended(waiting)).toEqual(["done 200"]);
    expect(server.count("token", "refresh_token", 200)).toBe(1);
    expect(server.count("authorization")).toBe(1);
  });

  test("after the server has retired the old refresh token: the next one signs in, and nobody removes anything", async () => {
    const { server, user } = await small();
    await signedIn(server, user);
    server.expireAccessTokens();
    const killed = start(user);
    server.script.on = {
      token: async ({ usual }) => {
        killed.kill();
        await killed.finished;
        await usual();
      },
    };
    await killed.finished;
    await vi.waitFor(() => expect(server.requests.at(-1)?.status).toBe(200), { timeout: 30_000, interval: 5 });
    server.script.on = {};
    const next = start(user);
    await signIn(server, next);
    expect((await ended(next)).at(-1)).toBe("done 200");
    expect(await ended(start(user))).toEqual(["done 200"]);
    expect(server.count("authorization")).toBe(2);
  });

  // The tokens are written twice: as they are, to see whether the store takes them, and then as they were refreshed.
  test.each([
    ["before it tries the store", { when: "before", key: "tokens", time: 1 }, 0],
    ["after it has tried the store", { when: "after", key: "server", time: 1 }, 0],
    ["before it writes the tokens", { when: "before", key: "tokens", time: 2 }, 1],
    ["between the tokens and the rest", { when: "after", key: "tokens", time: 2 }, 0],
    ["when all is written", { when: "after", key: "server", time: 2 }, 0],
  ] as const)("%s: the next one succeeds", async (_, dies, signIns) => {
    const { server, user } = await small();
    await signedIn(server, user);
    server.expireAccessTokens();
    const killed = start({ ...user, dies });
    expect(await killed.finished).toMatchObject({ signal: "SIGKILL", stderr: "" });
    const next = start(user);
    if (signIns > 0) await signIn(server, next);
    expect((await ended(next)).at(-1)).toBe("done 200");
    expect(server.count("authorization")).toBe(1 + signIns);
  });

  test.each([
    ["before it writes the tokens", { when: "before", key: "tokens", time: 1 }],
    ["between the tokens and the rest", { when: "after", key: "tokens", time: 1 }],
  ] as const)("%s of a sign-in: the next one signs in", async (_, dies) => {
    const { server, user } = await small();
    const killed = start({ ...user, dies });
    await server.signIn(await asked(killed), { deliver: true });
    expect(await killed.finished).toMatchObject({ signal: "SIGKILL", stderr: "" });
    await signedIn(server, user);
    expect(await ended(start(user))).toEqual(["done 200"]);
  });

  test("at any instant, again and again: whoever comes next succeeds", async () => {
    const { server, user } = await small();
    // Each token has expired when it is used again, so that there is always one to be refreshed.
    server.script.accessTokenSeconds = 0.001;
    await signedIn(server, user);
    for (let round = 0; round < 6; round += 1) {
      const killed = [start({ ...user, endless: true }), start({ ...user, endless: true })];
      // One that is killed may have taken the only refresh token along: then somebody signs in.
      for (const each of killed) signIn(server, each).catch(() => {});
      for (const each of killed) {
        await each.printed("done 200");
        const seen = each.output.stdout.length;
        await vi.waitFor(() => expect(each.output.stdout.length).toBeGreaterThan(seen), {
          timeout: 60_000,
          interval: 1,
        });
        each.kill();
        expect((await each.finished).stdout).not.toContain("failed");
      }
      const next = start(user);
      signIn(server, next).catch(() => {});
      expect((await ended(next)).at(-1)).toBe("done 200");
    }
  });
});

describe("a process that is killed while it waits for the browser", () => {
  test("another one signs in at once, on the same port", async () => {
    const { server, user } = await small();
    const killed = start(user);
    const before = new URL(await asked(killed)).searchParams.get("redirect_uri") ?? "";
    const waiting = start({ ...user, port: Number(new URL(before).port), lease: { leaseMs: 3_600_000 } });
    killed.kill();
    await killed.finished;
    await signIn(server, waiting);
    expect((await ended(waiting)).at(-1)).toBe("done 200");
    expect(new URL(urlsOf(waiting)[0] ?? "").searchParams.get("redirect_uri")).toBe(before);
    expect(server.count("registration")).toBe(1);
    expect(server.count("token")).toBe(1);
  });

  test("the answer to its window, coming to the window of the next one, finishes the sign-in (pain 4)", async () => {
    const { server, user } = await small();
    const killed = start(user);
    const url = await asked(killed);
    killed.kill();
    await killed.finished;
    const { port } = new URL(new URL(url).searchParams.get("redirect_uri") ?? "");
    const next = start({ ...user, port: Number(port) });
    const other = await asked(next);
    expect(new URL(other).searchParams.get("state")).not.toBe(new URL(url).searchParams.get("state"));
    await server.signIn(url, { deliver: true });
    expect((await ended(next)).at(-1)).toBe("done 200");
    expect(server.count("token", "authorization_code", 200)).toBe(1);
    expect(await ended(start(user))).toEqual(["done 200"]);
  });

  test("its answer is taken from whoever hands it over, once", async () => {
    const { server, user } = await small();
    const killed = start(user);
    const url = await asked(killed);
    killed.kill();
    await killed.finished;
    const callback = (await server.signIn(url)).href;
    expect(await ended(start({ ...user, callback }))).toEqual(["done finished"]);
    expect(await ended(start(user))).toEqual(["done 200"]);
    expect((await ended(start({ ...user, callback }))).join()).toMatch(/^failed state_mismatch /);
    expect(server.count("token")).toBe(1);
    expect(server.count("authorization")).toBe(1);
  });
});

describe("a sign-in that takes long", () => {
  test("is not taken over, whoever gives up waiting says for whom, and is served once it is finished", async () => {
    const { server, user } = await small();
    const lease = { leaseMs: 2_000, patienceMs: 5_000 };
    const slow = start({ ...user, lease });
    const url = await asked(slow);
    // Far longer than the lease: the one who waits would take it from a holder that showed no life.
    const impatient = start({ ...user, lease });
    const [failure] = await ended(impatient);
    expect(failure).toMatch(/^failed store_unavailable /);
    expect(failure).toContain(`process ${slow.pid}`);
    await server.signIn(url, { deliver: true });
    expect((await ended(slow)).at(-1)).toBe("done 200");
    expect(await ended(start(user))).toEqual(["done 200"]);
    expect(server.count("authorization")).toBe(1);
  });
});
