/**
 * What one run of the command is given, and what a command hands back. Commands print nothing themselves: they return
 * their outcome, which is printed for people or as JSON.
 */

import type { Redactor } from "@sallyport/auth-core/redactor";
import type { Exit } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import type { Style } from "./output/style.ts";

export interface Context extends Io {
  /** Masks the secrets of this run in diagnostics. */
  readonly redactor: Redactor;
  /** Whether stack traces and what stdio servers print are wanted: `SALLYPORT_DEBUG`. */
  readonly debug: boolean;
  /** Tell the person something that is not the result. Goes to stderr. */
  warn(message: string): void;
}

/** What a command did. */
export interface Outcome {
  /** Printed with `--json`. */
  readonly data: unknown;
  /** Printed without; made safe for a terminal by the command, which knows what is foreign in it. */
  text(style: Style): string;
  /** How it ended. Default: `ok`. */
  readonly exit?: Exit;
}
