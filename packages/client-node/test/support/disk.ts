/**
 * A disk of one's own, where the process may mount one.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** Run a line of shell; `$0` and on are the arguments. */
export function shell(command: string, ...args: string[]): void {
  execFileSync("sh", ["-c", command, ...args]);
}

/** Whether this process may mount a disk. Containers often may not, even as root. */
export function mayMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    shell("unshare --mount mount -t tmpfs tmpfs /mnt 2>/dev/null");
    return true;
  } catch {
    return false;
  }
}

/** Run with a disk of 64 KiB at this path, which is made. */
export async function withDisk(path: string, run: () => Promise<void>): Promise<void> {
  mkdirSync(path);
  shell('mount -t tmpfs -o size=64k,mode=700 tmpfs "$0"', path);
  try {
    await run();
  } finally {
    shell('umount "$0"', path);
  }
}
