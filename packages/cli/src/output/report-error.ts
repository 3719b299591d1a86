/**
 * How a failure is told: its code, one message without secrets, and the exit code it leads to.
 */
import { ConfigError, type ConfigProblem, isSallyportError } from "@sallyport/auth-core/errors";
import type { Redactor } from "@sallyport/auth-core/redactor";
import { type CliErrorCode, type Exit, exitOfError } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";

/** A failure as `--json` prints it, under the key `error`. */
export interface ErrorReport {
  readonly code: CliErrorCode;
  readonly message: string;
  /** For a configuration: everything that is wrong with it, each with its place. */
  readonly problems?: readonly ConfigProblem[];
}

/** Judge an error: what to tell, and how the command ends. */
export function judgeError(error: unknown, redactor: Redactor): { readonly report: ErrorReport; readonly exit: Exit } {
  const message = redactor.redact(error instanceof Error ? error.message : String(error));
  if (!isSallyportError(error) && !(error instanceof UsageError)) {
    const next = "This is a bug in sallyport: run it again with SALLYPORT_DEBUG=1 and report what it prints.";
    return { report: { code: "internal_error", message: `${message}\n${next}` }, exit: "internal" };
  }
  const { code } = error;
  const exit = exitOfError[code];
  if (error instanceof ConfigError) {
    const problems = error.problems.map((problem) => ({ ...problem, message: redactor.redact(problem.message) }));
    return { report: { code, message, problems }, exit };
  }
  const advice = adviceFor[code];
  return { report: { code, message: advice === undefined ? message : `${message} ${advice}` }, exit };
}

// The packages below speak of options and keys; here they are flags.
const adviceFor: Partial<Readonly<Record<CliErrorCode, string>>> = {
  authorization_required: "Connect with --auth-env VARIABLE, --auth or --header.",
  unauthorized: "Connect again with another --auth-env, --auth or --header.",
  registration_unsupported:
    "This command cannot be given a client: connect with --auth-env VARIABLE, or use a config file and MCPClient.",
  request_timeout: "Here that is --timeout.",
};

/** The stack traces of an error and everything that caused it. */
export function formatStacks(error: unknown, redactor: Redactor): string {
  const stacks: string[] = [];
  for (let current = error; current instanceof Error && stacks.length < 10; current = current.cause) {
    stacks.push(`${stacks.length === 0 ? "" : "Caused by: "}${current.stack ?? String(current)}`);
  }
  return redactor.redact(stacks.join("\n"));
}
