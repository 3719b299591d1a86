/**
 * Change a file that several processes share, any of which may be killed at any instant. The new content is written
 * inside the lock and renamed over the file, which commits and gives the lock up in one step of the file system.
 *
 * The lock is a folder with one file in it, named after its owner. It is taken by renaming a prepared folder to its
 * name, which fails while another one with a file in it is there, and broken by deleting the owner's file. An owner
 * that lost its lock, having been stopped for long, has nothing left to rename: it starts over with what is current,
 * so that breaking a lock wrongly costs time and never a change.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "./system-error.ts";

export interface ReplaceOptions {
  /** How long to wait for other processes, in milliseconds. Default: 15 000. */
  readonly patienceMs?: number;
  /** How old a lock of a process that seems alive may become before it is broken, in milliseconds. Default: 5000. */
  readonly leaseMs?: number;
}

/** Other processes held the lock for the whole of the caller's patience. */
export class FileBusy extends Error {
  override get name(): string {
    return "FileBusy";
  }
}

/**
 * Replace a file's content while no other process does.
 *
 * @param file - absolute path in an existing folder that only its owner can write to. The file gets mode 0600.
 * @param change - gets the current text, `undefined` without a file, and returns the new one, or `undefined` to leave
 * the file as it is. It is called again, with what is current then, when the lock was lost. What it throws is passed on.
 * @throws FileBusy
 */
export async function replaceFile(
  file: string,
  change: (current: string | undefined) => string | undefined,
  { patienceMs = 15_000, leaseMs = 5000 }: ReplaceOptions = {},
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  const lock = `${file}.lock`;
  for (;;) {
    const owner = takeLock(lock, leaseMs);
    if (owner !== undefined && commit(file, lock, owner, change)) break;
    if (Date.now() > deadline) throw new FileBusy(`${lock} was held by other processes for ${patienceMs} ms`);
    // Uneven waits, so that those who wait do not meet again.
    if (owner === undefined) await delay(2 + Math.random() * 18);
  }
  sweepClaims(lock, leaseMs);
}

/** The name of this process's file in the lock, or `undefined` while another process holds it. */
function takeLock(lock: string, leaseMs: number): string | undefined {
  const holder = holderOf(lock);
  if (holder !== undefined) {
    if (!isAbandoned(holder, join(lock, holder), leaseMs)) return undefined;
    // The name is one owner's alone: this cannot hit whoever has taken the lock meanwhile.
    attempt(() => unlinkSync(join(lock, holder)));
  }
  // Fails unless it is missing or empty. Windows cannot rename a folder over an empty one.
  attempt(() => rmdirSync(lock));

  const owner = `${process.pid}-${host()}-${randomBytes(8).toString("hex")}`;
  const claim = `${lock}-${owner}`;
  mkdirSync(claim, { mode: 0o700 });
  try {
    writeFileSync(join(claim, owner), "", { flag: "wx", mode: 0o600 });
    renameSync(claim, lock);
    return owner;
  } catch (error) {
    rmSync(claim, { recursive: true, force: true });
    // Somebody was faster: ENOTEMPTY or EEXIST, on Windows EPERM or EACCES.
    if (holderOf(lock) !== undefined || ["ENOTEMPTY", "EEXIST", "ENOENT"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Whether the file was replaced or is to stay as it is; false when the lock was lost meanwhile. */
function commit(
  file: string,
  lock: string,
  owner: string,
  change: (current: string | undefined) => string | undefined,
): boolean {
  const draft = join(lock, owner);
  try {
    const text = change(read(file));
    if (text === undefined) return true;
    if (!write(draft, text)) return false;
    renameSync(draft, file);
    attempt(() => flush(dirname(file)));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT" && !attempt(() => statSync(draft))) return false;
    throw error;
  } finally {
    attempt(() => unlinkSync(draft));
    attempt(() => rmdirSync(lock));
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function write(draft: string, text: string): boolean {
  let descriptor: number;
  try {
    // It exists, made with O_EXCL and mode 0600 when the lock was taken.
    descriptor = openSync(draft, "r+");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

function flush(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function holderOf(lock: string): string | undefined {
  try {
    return readdirSync(lock)[0];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether the process that owns `path` is gone: dead on this machine, or silent for longer than its lease. */
function isAbandoned(owner: string, path: string, leaseMs: number): boolean {
  const [, pid, machine] = /^(\d+)-([0-9a-f]+)-/.exec(owner) ?? [];
  if (pid !== undefined && machine === host() && !isAlive(Number(pid))) return true;
  const stats = statSync(path, { throwIfNoEntry: false });
  // A time in the future is no better: the clock was set back.
  return stats === undefined || Math.abs(Date.now() - stats.mtimeMs) > leaseMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

// A home folder may be shared between machines, where the same process id is another process.
function host(): string {
  return createHash("sha256").update(hostname()).digest("hex").slice(0, 12);
}

/** Remove what processes left that were killed while they prepared to take the lock. */
function sweepClaims(lock: string, leaseMs: number): void {
  const prefix = `${basename(lock)}-`;
  for (const name of readdirSync(dirname(lock))) {
    const path = join(dirname(lock), name);
    if (name.startsWith(prefix) && isAbandoned(name.slice(prefix.length), path, leaseMs)) {
      attempt(() => rmSync(path, { recursive: true, force: true }));
    }
  }
}

function attempt(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
