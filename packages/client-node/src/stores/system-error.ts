/**
 * Errors of the operating system, and what they mean for someone whose credentials cannot be kept.
 */
import { SallyportError } from "@sallyport/auth-core/errors";

/** The system's name of a failure: `EACCES`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: free some space and try again.",
  EDQUOT: "Your disk quota is used up: free some space and try again.",
  EFBIG: "The limit on the size of files is too low: raise it and try again.",
  EROFS: "The file system is read-only: set SALLYPORT_HOME to a folder you can write to.",
  EACCES: "Check its permissions, or set SALLYPORT_HOME to a folder you can write to.",
  EPERM: "Check its permissions, or set SALLYPORT_HOME to a folder you can write to.",
  EMFILE: "Too many files are open: raise the limit, or close some.",
  ENFILE: "Too many files are open on this machine: close some.",
};

/** `store_unavailable` for what the operating system refused: what, where, why, and what to do. */
export function storeFailure(what: string, error: unknown): SallyportError<"store_unavailable"> {
  const code = codeOf(error);
  const next = advice[code] ?? "Check the disk, or set SALLYPORT_HOME to another folder.";
  return new SallyportError("store_unavailable", `${what} (${code}). ${next}`, { cause: error });
}
