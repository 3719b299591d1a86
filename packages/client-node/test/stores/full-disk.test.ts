/**
 * A disk that is full while a credential is written: an error, and the old value is still there.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { fileStore } from "../../src/stores/file-store.ts";
import { type Bundle, bundle } from "../support/bundle.ts";
import { mayMount, withDisk } from "../support/disk.ts";

const script = fileURLToPath(new URL("../fixtures/store-user.mjs", import.meta.url));

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let temporary: TemporaryFolder;

beforeEach(async () => {
  temporary = await temporaryFolder();
});
afterEach(() => temporary.remove());

test.runIf(mayMount())("a full disk (ENOSPC)", async () => {
  const disk = `${temporary.path}/disk`;
  await withDisk(disk, async () => {
    const store = fileStore(`${disk}/credentials`);
    await store.set("tokens-1", "old");
    const full = { code: "store_unavailable", message: expect.stringMatching(/ENOSPC.*free some space/) };
    await expect(store.set("tokens-1", "x".repeat(100_000))).rejects.toMatchObject(full);
    await expect(store.withLock("tokens-1", () => store.set("tokens-1", "x".repeat(100_000)))).rejects.toMatchObject(
      full,
    );
    await expect(store.set("tokens-2", "x".repeat(100_000))).rejects.toMatchObject(full);
    expect(await store.get("tokens-1")).toBe("old");
    expect(await store.get("tokens-2")).toBeUndefined();
    // Nothing half-written takes up the room that is left.
    expect(readdirSync(`${disk}/credentials`)).toEqual(["tokens-1.json"]);
    await store.set("tokens-1", "new");
    expect(await store.get("tokens-1")).toBe("new");
  });
});

let module: Bundle;

beforeAll(async () => {
  module = await bundle("src/stores/file-store.ts");
});
afterAll(() => module?.remove());

// Where no disk can be mounted, the limit on the size of a file ends a write in its middle just the same.
test.runIf(process.platform !== "win32")("a limit on the size of files (EFBIG)", async () => {
  const folder = `${temporary.path}/credentials`;
  const store = fileStore(folder);
  await store.set("count", "old");
  const limited = await run([
    "-c",
    'ulimit -f 8; exec "$@"',
    "sh",
    process.execPath,
    script,
    module.url,
    folder,
    "fill",
    "100000",
  ]);
  const lines = limited.trimEnd().split("\n");
  expect(lines).toEqual([
    expect.stringMatching(/^store_unavailable: .*EFBIG/),
    expect.stringMatching(/^store_unavailable: .*EFBIG/),
    "read old",
    "ok",
    "done",
  ]);
  expect(await store.get("count")).toBe("old");
  expect(readdirSync(folder)).toEqual(["count.json"]);
});

function run(args: readonly string[]): Promise<string> {
  const child = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => child.once("error", reject).once("close", () => resolve(output)));
}
