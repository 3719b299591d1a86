/**
 * Real processes that share a folder of credentials, and are killed or stopped in the middle of using it
 * (REF-06; https://github.com/modelcontextprotocol/typescript-sdk/issues/1813).
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Finished, type NodeProcess, runNode, type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type FileStoreOptions, fileStore } from "../../src/stores/file-store.ts";
import { type Bundle, bundle } from "../support/bundle.ts";

const script = fileURLToPath(new URL("../fixtures/store-user.mjs", import.meta.url));
const posix = process.platform !== "win32";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let module: Bundle;
let temporary: TemporaryFolder;
let folder: string;
const running: NodeProcess[] = [];

beforeAll(async () => {
  module = await bundle("src/stores/file-store.ts");
});
afterAll(() => module?.remove());
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = `${temporary.path}/credentials`;
});
afterEach(async () => {
  for (const process of running.splice(0)) process.kill();
  await temporary.remove();
});

test("eight processes that count under a lock lose no count", async () => {
  const users = Array.from({ length: 8 }, () => start("count", "25"));
  for (const { finished } of users) expect(await finished).toMatchObject({ code: 0, stdout: "done\n", stderr: "" });
  expect(await countIn(folder)).toBe(8 * 25);
  expect(readdirSync(folder)).toEqual(["count.json"]);
});

test("processes killed at any instant leave readable files, no committed count is lost, and leftovers are swept", async () => {
  let committed = 0;
  for (let round = 0; round < 10; round++) {
    const counters = [start("countOn"), start("countOn"), start("countOn")];
    const writers = [start("write", "a"), start("write", "b")];
    for (const user of [...counters, ...writers]) {
      await user.printed("\n");
      // Each at another instant of its work.
      const seen = user.output.stdout.length;
      await vi.waitFor(() => expect(user.output.stdout.length).toBeGreaterThan(seen), { timeout: 60_000, interval: 1 });
      user.kill();
    }
    const ended = await Promise.all(counters.map(({ finished }) => finished));
    await Promise.all(writers.map(({ finished }) => finished));
    // A process may have been killed after its last commit and before it told.
    committed = Math.max(committed, ...ended.map(lastLine));
    expect(await countIn(folder)).toBeGreaterThanOrEqual(committed);
    expect(JSON.parse((await fileStore(folder).get("free")) ?? "").writer).toMatch(/[ab]/);
  }
  await fileStore(folder).set("swept", "yes");
  expect(readdirSync(folder).sort()).toEqual(["count.json", "free.json", "swept.json"]);
});

test("the lock of a process that was killed is taken over without waiting for its lease", async () => {
  const holder = start("hold", "old");
  await holder.printed("holding");
  const waiter = start("wait", "", { leaseMs: 3_600_000 });
  await waiter.printed("waiting");
  holder.kill();
  // With the lease it would take an hour.
  expect(await waiter.finished).toMatchObject({ code: 0, stdout: "waiting\nentered\n" });
  expect(readdirSync(folder)).toEqual([]);
});

test("a holder that is alive keeps its lock, and is named to whoever gives up waiting", async () => {
  const holder = start("hold", "theirs");
  await holder.printed("holding");
  const busy = fileStore(folder, { patienceMs: 300 }).withLock("count", async () => "entered");
  await expect(busy).rejects.toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining(`process ${holder.pid}`),
  });
  await fileStore(folder).set("go", "on");
  expect(lines(await holder.finished)).toEqual(["holding", "ok", "ok", "ok", "ok"]);
  expect(await fileStore(folder).get("count")).toBe("theirs");
});

describe.runIf(posix)("a holder that was stopped for longer than its lease", () => {
  test("loses the lock, and what it writes when it goes on changes nothing", async () => {
    const store = fileStore(folder, { leaseMs: 300 });
    await store.set("kept", "kept");
    const stopped = start("stop", "stale");
    await vi.waitFor(() => expect(stateOf(stopped.pid)).toBe("T"), { timeout: 60_000 });

    await store.withLock("count", async () => {
      expect(await store.get("count")).toBe("old");
      stopped.kill("SIGCONT");
      // While the newcomer is still inside, and again after it left, below.
      await stopped.printed("Try again.\n");
      await store.set("count", "newer");
    });
    const [first, second, third, afterwards] = lines(await stopped.finished);
    expect([first, second, third]).toEqual(Array(3).fill(expect.stringMatching(/^store_unavailable: .*lost its lock/)));
    expect(await store.get("count")).toBe("newer");
    expect(await store.get("other")).toBeUndefined();
    expect(await store.get("kept")).toBe("kept");
    // What it writes without the lock is its own affair.
    expect(afterwards).toBe("ok");
    expect(await store.get("afterwards")).toBe("stale");
    expect(readdirSync(folder).sort()).toEqual(["afterwards.json", "count.json", "kept.json"]);
  });

  test("also when the newcomer has come and gone", async () => {
    const store = fileStore(folder, { leaseMs: 300 });
    await store.set("kept", "kept");
    const stopped = start("stop", "stale");
    await vi.waitFor(() => expect(stateOf(stopped.pid)).toBe("T"), { timeout: 60_000 });
    await store.withLock("count", () => store.set("count", "newer"));
    stopped.kill("SIGCONT");
    await stopped.finished;
    expect(await store.get("count")).toBe("newer");
    expect(await store.get("kept")).toBe("kept");
  });
});

describe.runIf(posix)("a process that may not write", () => {
  const nobody = 65534;

  // The modes of files do not bind root: its child becomes another user, to whom the folder is given.
  test("reads, and every change is an error that leaves the old value", async () => {
    const store = fileStore(folder);
    await store.set("count", "old");
    const asRoot = process.getuid?.() === 0;
    const owner = asRoot ? (["chown", ["-R", String(nobody), temporary.path]] as const) : undefined;
    if (owner !== undefined) execFileSync(...owner);
    execFileSync("chmod", ["500", folder]);
    const reader = start("as", asRoot ? String(nobody) : "");
    const { stdout } = await reader.finished;
    execFileSync("chmod", ["700", folder]);
    if (asRoot) execFileSync("chown", ["-R", "0", temporary.path]);
    const [read, ok, ...refused] = stdout.trimEnd().split("\n");
    expect([read, ok]).toEqual(["read old", "ok"]);
    expect(refused).toEqual(Array(4).fill(expect.stringMatching(/^store_unavailable: .*SALLYPORT_HOME/)));
    expect(await store.get("count")).toBe("old");
  });

  test.runIf(process.getuid?.() === 0)("does not trust a folder of another user", async () => {
    await fileStore(folder).set("count", "old");
    execFileSync("chmod", ["755", temporary.path]);
    const { stdout } = await start("as", String(nobody)).finished;
    expect(stdout.trimEnd().split("\n")).toEqual(Array(5).fill(expect.stringContaining("belongs to another user")));
  });
});

function start(task: string, argument = "", options: FileStoreOptions = {}): NodeProcess {
  const process = runNode(script, [module.url, folder, task, argument, JSON.stringify(options)]);
  running.push(process);
  return process;
}

async function countIn(path: string): Promise<number> {
  return JSON.parse((await fileStore(path).get("count")) ?? '{"count":0}').count;
}

function lines({ stdout }: Finished): string[] {
  return stdout.trimEnd().split("\n");
}

function lastLine({ stdout }: Finished): number {
  return Number(stdout.trimEnd().split("\n").at(-1));
}

/** The state of a process as `ps` tells it: `T` is stopped. */
function stateOf(pid: number): string {
  return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" })
    .trim()
    .charAt(0);
}
