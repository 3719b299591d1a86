/**
 * A folder that holds secrets: it must belong to whoever runs the program, and nobody else may change what is in it.
 */
import type { Stats } from "node:fs";
import { chmod, mkdir, stat } from "node:fs/promises";
import { SallyportError } from "@sallyport/auth-core/errors";
import { codeOf, storeFailure } from "./system-error.ts";

/**
 * Create the folder with mode 0700, or check and tighten the one that is there.
 *
 * @throws SallyportError `store_unavailable` when it cannot be created, or {@link checkPrivateFolder} refuses it.
 */
export async function createPrivateFolder(folder: string): Promise<void> {
  // Asked first: a read-only file system refuses to create even what is there.
  if (await checkPrivateFolder(folder)) return;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeFailure(`The credential folder ${folder} cannot be created`, error);
  }
  await checkPrivateFolder(folder);
}

/**
 * Check the folder before anything in it is trusted, and tighten its mode to 0700.
 *
 * @returns false when there is no such folder.
 * @throws SallyportError `store_unavailable` when somebody else owns it or can write to it: what lies there may not be ours.
 */
export async function checkPrivateFolder(folder: string): Promise<boolean> {
  const stats = await inspect(folder);
  if (stats === undefined) return false;
  if (!stats.isDirectory()) throw unusable(folder, "is not a folder", "Move it away, or choose another folder.");
  // Windows has access lists instead of modes and owners; a user's profile is private there.
  if (process.platform === "win32") return true;
  if (stats.uid !== process.getuid?.()) {
    throw unusable(folder, "belongs to another user", "Set SALLYPORT_HOME to a folder of your own.");
  }
  if ((stats.mode & 0o022) !== 0) {
    const what = "can be written to by others, who may have put a credential there";
    throw unusable(folder, what, `Look at what is in it, then run: chmod 700 '${folder}'`);
  }
  // Fails on a read-only file system: the files inside have their own mode, and nothing new is written.
  if ((stats.mode & 0o077) !== 0) await chmod(folder, 0o700).catch(() => {});
  return true;
}

async function inspect(folder: string): Promise<Stats | undefined> {
  try {
    return await stat(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw storeFailure(`The credential folder ${folder} cannot be read`, error);
  }
}

function unusable(folder: string, what: string, next: string): SallyportError {
  return new SallyportError("store_unavailable", `The credential folder ${folder} ${what}. ${next}`);
}
