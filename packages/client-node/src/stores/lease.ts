/**
 * A lock across processes for work that may take minutes, any of which may be killed or stopped at any instant.
 *
 * The lock is a folder with one folder in it, named after its owner. It is taken by renaming a prepared folder to its
 * name, which fails while another one with something in it is there, and broken by renaming the owner's folder away.
 * What the owner writes, it prepares in its own folder and renames from there: an owner that lost the lock has nothing
 * left to rename, so that it cannot undo what a newcomer did.
 *
 * The owner touches its folder several times within a lease. Whoever waits counts how long that time stays the same, by
 * its own steady clock: clocks that differ or jump, and a machine that sleeps, break no lock.
 */
import { mkdir, readdir, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isGone, newOwner, pidOf } from "./owner.ts";
import { codeOf } from "./system-error.ts";

/** How long others are waited for. */
export interface LeaseOptions {
  /**
   * How long a holder may be silent before its lock is taken over, in milliseconds. Default: 15 000. A holder shows
   * five times within it that it is alive; only one that is stopped, or whose event loop is blocked, cannot. One that was
   * killed is not waited for. Choose more than a minute for a folder on a network file system that caches attributes.
   */
  readonly leaseMs?: number;
  /** How long to wait for a lock that living processes hold, in milliseconds. Default: 600 000, ten minutes. */
  readonly patienceMs?: number;
}

/** Living processes held the lock for the whole of the caller's patience. */
export class LockBusy extends Error {
  override get name(): string {
    return "LockBusy";
  }
}

/** A lock that is held, until it is released or lost. */
export interface Lease {
  /** The holder's own folder. What is renamed from here is written under the lock; once the lock is lost, it is gone. */
  readonly place: string;
  /** Whether its holder gave it up. */
  readonly released: boolean;
  release(): Promise<void>;
}

const longestDelayMs = 100;

/**
 * Wait for a lock and take it.
 *
 * @param lock - absolute path of a name in an existing folder that only its owner can write to.
 * @throws LockBusy, or what the file system answers.
 */
export async function takeLease(
  lock: string,
  { leaseMs = 15_000, patienceMs = 600_000 }: LeaseOptions = {},
): Promise<Lease> {
  const silence = new Silence();
  const start = performance.now();
  for (let pause = 4; ; pause = Math.min(pause * 1.5, longestDelayMs)) {
    const holder = await holderOf(lock);
    if (holder === undefined) {
      const owner = await claim(lock);
      if (owner !== undefined) return hold(lock, owner, leaseMs);
    } else if (isGone(holder) || silence.count(await signOfLife(lock, holder)) > leaseMs) {
      await breakLock(lock, holder);
      continue;
    }
    if (performance.now() - start > patienceMs) {
      const who = holder === undefined ? "other processes" : `process ${pidOf(holder)}`;
      throw new LockBusy(`${lock} was held by ${who} for ${patienceMs} ms`);
    }
    // Uneven waits, so that those who wait do not meet again.
    await delay(pause * (0.5 + Math.random() / 2));
  }
}

/** The owner of a lock, or `undefined` when it is free. */
export async function holderOf(lock: string): Promise<string | undefined> {
  try {
    return (await readdir(lock))[0];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Take the lock from this owner, and what it had begun to write. Does nothing when it no longer has it. */
export async function breakLock(lock: string, holder: string): Promise<void> {
  const gone = join(dirname(lock), `.gone-${newOwner()}`);
  try {
    // The name is one owner's alone: this cannot hit whoever has taken the lock meanwhile.
    await rename(join(lock, holder), gone);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  await rm(gone, { recursive: true, force: true });
  await rmdir(lock).catch(ignore);
}

async function claim(lock: string): Promise<string | undefined> {
  const owner = newOwner();
  const prepared = join(dirname(lock), `.claim-${owner}`);
  await mkdir(prepared, { mode: 0o700 });
  try {
    await mkdir(join(prepared, owner), { mode: 0o700 });
    // Fails unless it is missing or empty. Windows cannot rename a folder over an empty one.
    await rmdir(lock).catch(ignore);
    await rename(prepared, lock);
    return owner;
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    // Somebody was faster: ENOTEMPTY or EEXIST, on Windows EPERM or EACCES.
    if ((await holderOf(lock)) !== undefined || ["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

function hold(lock: string, owner: string, leaseMs: number): Lease {
  const place = join(lock, owner);
  const beat = setInterval(() => {
    const now = new Date();
    // Fails when the lock was lost: whatever is written under it will find out.
    utimes(place, now, now).catch(ignore);
  }, leaseMs / 5).unref();
  let released = false;
  return {
    place,
    get released() {
      return released;
    },
    async release() {
      released = true;
      clearInterval(beat);
      // What cannot be removed now is silent from here on, and taken over by whoever wants it.
      await breakLock(lock, owner).catch(ignore);
    },
  };
}

async function signOfLife(lock: string, holder: string): Promise<string> {
  const stats = await stat(join(lock, holder)).catch(ignore);
  return `${holder} ${stats?.mtimeMs}`;
}

/** Counts how long the same sign of life is seen again and again. */
class Silence {
  #sign = "";
  #length = 0;
  #last = 0;

  /** @returns for how long it has been this sign, in milliseconds. */
  count(sign: string): number {
    const now = performance.now();
    // A long gap is one in which this process was stopped as well, and perhaps the whole machine.
    const gap = Math.min(now - this.#last, 2 * longestDelayMs);
    this.#length = sign === this.#sign ? this.#length + gap : 0;
    this.#sign = sign;
    this.#last = now;
    return this.#length;
  }
}

function ignore(): undefined {
  return undefined;
}
