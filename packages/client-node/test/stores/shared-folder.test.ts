/**
 * The instant between the last look at the lock and the rename that writes: what is lost there is found by the file
 * system itself.
 */
import { readdirSync } from "node:fs";
import type * as FileSystem from "node:fs/promises";
import { basename } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { breakLock, holderOf } from "../../src/stores/lease.ts";
import { SharedFolder } from "../../src/stores/shared-folder.ts";

let beforeRename: ((from: string, to: string) => Promise<void>) | undefined;

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    rename: async (from: string, to: string) => {
      await beforeRename?.(from, to);
      await real.rename(from, to);
    },
  };
});

let temporary: TemporaryFolder;
let folder: SharedFolder;

beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = new SharedFolder(temporary.path, {});
});
afterEach(async () => {
  beforeRename = undefined;
  await temporary.remove();
});

/** In the next rename that this matches, somebody takes the lock from its holder and writes. */
function loseLockIn(matches: (from: string, to: string) => boolean): void {
  beforeRename = async (from, to) => {
    if (!matches(basename(from), basename(to))) return;
    beforeRename = undefined;
    const lock = `${temporary.path}/count.lock`;
    await breakLock(lock, (await holderOf(lock)) ?? "");
    await temporary.write("count.json", "newer", 0o600);
  };
}

const lost = { code: "store_unavailable", message: expect.stringContaining("lost its lock") };

test("a lock lost just before a file is replaced leaves the newcomer's", async () => {
  const section = folder.withLock("count", async () => {
    await folder.write("count", "old");
    loseLockIn((_, to) => to === "count.json");
    await folder.write("count", "stale");
  });
  await expect(section).rejects.toMatchObject(lost);
  expect(await folder.read("count")).toBe("newer");
  expect(readdirSync(temporary.path)).toEqual(["count.json"]);
});

test("a lock lost just before a file is removed leaves the newcomer's", async () => {
  const section = folder.withLock("count", async () => {
    await folder.write("count", "old");
    loseLockIn((from) => from === "count.json");
    await folder.remove("count");
  });
  await expect(section).rejects.toMatchObject(lost);
  expect(await folder.read("count")).toBe("newer");
});

test("an outer lock that was lost counts as well", async () => {
  await folder.write("other", "old");
  const section = folder.withLock("count", () =>
    folder.withLock("other", async () => {
      const lock = `${temporary.path}/count.lock`;
      await breakLock(lock, (await holderOf(lock)) ?? "");
      await folder.write("other", "stale");
    }),
  );
  await expect(section).rejects.toMatchObject(lost);
  expect(await folder.read("other")).toBe("old");
});

test("a lock in one folder says nothing about another", async () => {
  const other = new SharedFolder(`${temporary.path}/other`, {});
  await folder.withLock("count", async () => {
    const lock = `${temporary.path}/count.lock`;
    await breakLock(lock, (await holderOf(lock)) ?? "");
    await other.write("count", "theirs");
  });
  expect(await other.read("count")).toBe("theirs");
});
