/**
 * Errors of the operating system.
 */

/** The system's name of a failure: `EACCES`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
