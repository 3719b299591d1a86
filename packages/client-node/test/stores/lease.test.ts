/**
 * The lock across processes: what others left, as it would look after a crash, a stop, or on another machine.
 */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileStore } from "../../src/stores/file-store.ts";
import { breakLock, LockBusy, takeLease } from "../../src/stores/lease.ts";
import { newOwner } from "../../src/stores/owner.ts";

// Everything written is flushed, which takes long on a disk that has other things to do.
vi.setConfig({ testTimeout: 60_000 });

// Linux hands out ids up to 2^22, macOS up to 99998: nobody has this one.
const deadPid = 4194999;

let temporary: TemporaryFolder;
let lock: string;

beforeEach(async () => {
  temporary = await temporaryFolder();
  lock = `${temporary.path}/tokens-1.lock`;
});
afterEach(() => temporary.remove());

/** The name of an owner on this machine, or with `elsewhere` on another one. */
function ownerOf(pid: number, elsewhere = false): string {
  const [, machine, random] = newOwner().split("-");
  return [pid, elsewhere ? "0123456789ab" : machine, random].join("-");
}

/** Take the lock as this owner would, and leave it. */
function leaveLock(owner: string): string {
  const place = `${lock}/${owner}`;
  mkdirSync(place, { recursive: true, mode: 0o700 });
  writeFileSync(`${place}/.draft-1`, "half of a secr");
  return place;
}

describe("a lock", () => {
  test("is taken, and leaves nothing when it is released", async () => {
    const lease = await takeLease(lock);
    expect(readdirSync(lock)).toEqual([basename(lease.place)]);
    expect(lease.released).toBe(false);
    await lease.release();
    expect(lease.released).toBe(true);
    expect(readdirSync(temporary.path)).toEqual([]);
  });

  test("goes from one to the next while each holds it alone", async () => {
    let inside = 0;
    const visit = async (): Promise<void> => {
      const lease = await takeLease(lock);
      expect(inside++).toBe(0);
      await vi.waitFor(() => expect(existsSync(lease.place)).toBe(true));
      inside -= 1;
      await lease.release();
    };
    await Promise.all(Array.from({ length: 20 }, visit));
    expect(readdirSync(temporary.path)).toEqual([]);
  });

  test("of a dead process is taken at once, and what it had begun to write is gone", async () => {
    leaveLock(ownerOf(deadPid));
    const lease = await takeLease(lock, { leaseMs: 3_600_000, patienceMs: 0 });
    expect(readdirSync(temporary.path)).toEqual(["tokens-1.lock"]);
    await lease.release();
  });

  test("that is empty, left between two steps, is taken", async () => {
    mkdirSync(lock);
    await (await takeLease(lock, { patienceMs: 0 })).release();
    expect(readdirSync(temporary.path)).toEqual([]);
  });

  test.each([
    ["an hour ago", -3600],
    ["in an hour, the clock having been set back", 3600],
  ])(
    "whose holder showed life %s is not broken before its silence was watched for a whole lease",
    async (_, seconds) => {
      const place = leaveLock(ownerOf(process.pid));
      const time = Date.now() / 1000 + seconds;
      utimesSync(place, time, time);
      await expect(takeLease(lock, { leaseMs: 3_600_000, patienceMs: 200 })).rejects.toThrow(LockBusy);
      expect(existsSync(`${place}/.draft-1`)).toBe(true);
      await (await takeLease(lock, { leaseMs: 100 })).release();
      expect(existsSync(place)).toBe(false);
    },
  );

  test("of another machine is not judged by a process id of this one", async () => {
    const place = leaveLock(ownerOf(deadPid, true));
    await expect(takeLease(lock, { leaseMs: 3_600_000, patienceMs: 200 })).rejects.toThrow(LockBusy);
    expect(existsSync(place)).toBe(true);
    await (await takeLease(lock, { leaseMs: 100 })).release();
  });

  test("shows life again and again, and is kept for longer than its lease", async () => {
    const lease = await takeLease(lock, { leaseMs: 600 });
    const before = statSync(lease.place).mtimeMs;
    await expect(takeLease(lock, { leaseMs: 600, patienceMs: 2000 })).rejects.toThrow(LockBusy);
    expect(statSync(lease.place).mtimeMs).toBeGreaterThan(before);
    await lease.release();
  });

  test("that was lost is not taken from the newcomer by its release", async () => {
    const first = await takeLease(lock);
    // As a newcomer would that took the first one for dead.
    await breakLock(lock, basename(first.place));
    const second = await takeLease(lock, { patienceMs: 0 });
    await first.release();
    expect(existsSync(second.place)).toBe(true);
    await second.release();
  });

  test("in a folder that does not exist is the file system's error", async () => {
    await expect(takeLease(`${temporary.path}/none/a.lock`)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("what dead processes left in the folder of a store", () => {
  test("is swept when the store is first used, and a living one's is not", async () => {
    leaveLock(ownerOf(deadPid));
    const living = ownerOf(process.pid);
    const elsewhere = ownerOf(deadPid, true);
    const old = ownerOf(deadPid, true).replace(/-.{16}$/, "-fedcba9876543210");
    for (const kind of ["claim", "gone"]) mkdirSync(`${temporary.path}/.${kind}-${ownerOf(deadPid)}`);
    for (const owner of [ownerOf(deadPid), living, elsewhere, old]) {
      await temporary.write(`.draft-${owner}`, "half of a secr", 0o600);
    }
    const longAgo = Date.now() / 1000 - 48 * 3600;
    utimesSync(`${temporary.path}/.draft-${old}`, longAgo, longAgo);

    await fileStore(temporary.path).set("client-1", "value");
    expect(readdirSync(temporary.path).sort()).toEqual(
      [`.draft-${living}`, `.draft-${elsewhere}`, "client-1.json"].sort(),
    );
  });
});
