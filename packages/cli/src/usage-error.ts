/**
 * Bad usage that the parser of the arguments cannot see; everything else is a SallyportError of the packages below.
 */

/** The command cannot be run as it was written: exit code 2. */
export class UsageError extends Error {
  readonly code = "usage_invalid";

  override get name(): string {
    return "UsageError";
  }
}
