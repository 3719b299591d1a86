/**
 * The folder where sessions are kept. A saved session holds tokens and names programs to start, so the folder must
 * belong to whoever runs the command, and nobody else may change what is in it.
 */
import { chmodSync, mkdirSync, type Stats, statSync } from "node:fs";
import { SallyportError } from "@sallyport/auth-core/errors";
import { codeOf } from "./system-error.ts";

/**
 * Create the folder with mode 0700, or check and tighten the one that is there.
 *
 * @throws SallyportError `store_unavailable` when it cannot be created, or when somebody else owns it or can write to it:
 * what lies there may not be ours.
 */
export function createPrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(
      folder,
      `cannot be created (${codeOf(error)})`,
      "Set SALLYPORT_HOME to a folder you can write to.",
      error,
    );
  }
  checkPrivateFolder(folder);
}

/**
 * Check the folder before anything in it is trusted, and tighten its mode to 0700.
 *
 * @returns false when there is no such folder.
 * @throws SallyportError `store_unavailable`, see {@link createPrivateFolder}.
 */
export function checkPrivateFolder(folder: string): boolean {
  const stats = inspect(folder);
  if (stats === undefined) return false;
  if (!stats.isDirectory()) throw unusable(folder, "is not a folder", "Set SALLYPORT_HOME to a folder.");
  // Windows has access lists instead of modes and owners; a user's profile is private there.
  if (process.platform === "win32") return true;
  if (stats.uid !== process.getuid?.()) {
    throw unusable(folder, "belongs to another user", "Set SALLYPORT_HOME to a folder of your own.");
  }
  if ((stats.mode & 0o022) !== 0) {
    throw unusable(
      folder,
      "can be written to by others, who may have put a session there",
      `Look at what is in it, then run: chmod 700 '${folder}'`,
    );
  }
  if ((stats.mode & 0o077) !== 0) tighten(folder);
  return true;
}

function inspect(folder: string): Stats | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false });
  } catch (error) {
    throw unusable(folder, `cannot be read (${codeOf(error)})`, "Correct its permissions or SALLYPORT_HOME.", error);
  }
}

function tighten(folder: string): void {
  try {
    chmodSync(folder, 0o700);
  } catch {
    // A read-only file system: the files inside have their own mode, and nothing new is written.
  }
}

function unusable(folder: string, what: string, next: string, cause?: unknown): SallyportError {
  return new SallyportError("store_unavailable", `The session folder ${folder} ${what}. ${next}`, { cause });
}
