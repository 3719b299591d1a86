/**
 * The names that processes give to what they put beside the files they share: whoever finds it after a crash can tell
 * whether its owner is still there.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A name that nobody else has or will have: process id, machine, random digits. */
export function newOwner(): string {
  return `${process.pid}-${machine()}-${randomBytes(8).toString("hex")}`;
}

/** The process id in a name, for messages. */
export function pidOf(owner: string): string {
  return owner.split("-", 1)[0] ?? "";
}

/** Whether the owner is known to have ended. False when it runs elsewhere, where it cannot be asked for. */
export function isGone(owner: string): boolean {
  const [pid, where] = owner.split("-");
  if (where !== machine() || !/^\d+$/.test(pid ?? "")) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

let known: string | undefined;

// Where a process id means the same process. Containers may share a folder and a host name, and have ids of their own;
// after a restart of the machine the ids begin anew.
function machine(): string {
  known ??= createHash("sha256").update([hostname(), bootId(), pidNamespace()].join("\n")).digest("hex").slice(0, 12);
  return known;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  } catch {
    return "";
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
