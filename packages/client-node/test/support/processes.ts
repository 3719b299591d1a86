/**
 * Children that can be followed: a shell notes each process id before it becomes the program.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TemporaryFolder } from "@sallyport/testkit";
import { expect } from "vitest";

/** Whether a process of this id is running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A stdio server whose process ids can be asked for. */
export interface FollowedServer {
  /** An entry of `mcpServers`. */
  readonly config: { command: string; args: string[] };
  /** The id of every process started so far; the 2.x SDK starts one more to ask for the protocol. */
  pids(): Promise<number[]>;
  /** Resolves when all of them have ended, and there was at least one. */
  allEnded(): Promise<void>;
}

/** Runs `node ...args`, or with `script` a line of shell. */
export function follow(folder: TemporaryFolder, program: readonly string[], name = "pids"): FollowedServer {
  const file = join(folder.path, name);
  const pids = async (): Promise<number[]> => {
    const text = await readFile(file, "utf8").catch(() => "");
    return text.split("\n").filter(Boolean).map(Number);
  };
  return {
    config: { command: "sh", args: ["-c", `echo $$ >> "$0"; exec "$@"`, file, ...program] },
    pids,
    async allEnded() {
      expect(await pids()).not.toEqual([]);
      await expect.poll(async () => (await pids()).filter(isAlive), { timeout: 10_000 }).toEqual([]);
    },
  };
}
