/**
 * One run of the command, from its arguments to its exit code. Nothing but the arguments is parsed before it is known
 * which command is meant; that command's own code is loaded then.
 */

import { Redactor } from "@sallyport/auth-core/redactor";
import { CommanderError } from "commander";
import type { Context, Outcome } from "./context.ts";
import { type Exit, exitCodes, signals } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { printable } from "./output/printable.ts";
import { type ErrorReport, formatStacks, judgeError } from "./output/report-error.ts";
import { styleFor } from "./output/style.ts";
import { buildProgram } from "./program.ts";

/**
 * Run the command.
 *
 * Without `--json` the result goes to stdout and everything else to stderr. With it stdout gets exactly one JSON
 * document, the result or `{ "error": … }`, and stderr only warnings.
 *
 * @param args - the arguments, without the names of Node and of the script.
 * @returns the exit code, one of {@link exitCodes}.
 * @example
 * ```ts
 * import { run } from "@sallyport/cli";
 *
 * const { stdin, stdout, stderr, env } = process;
 * const signal = new AbortController().signal;
 * process.exitCode = await run(["client", "list"], { stdin, stdout, stderr, env, cwd: process.cwd(), signal });
 * ```
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  return runWith(new Redactor(), args, io);
}

/** {@link run} with a redactor of the caller's, who then knows the run's secrets as well. */
export async function runWith(redactor: Redactor, args: readonly string[], io: Io): Promise<number> {
  const json = wantsJson(args);
  const tell = (message: string): void => void io.stderr.write(`${printable(redactor.redact(message))}\n`);
  const context: Context = { ...io, redactor, debug: Boolean(io.env["SALLYPORT_DEBUG"]), warn: tell };

  const fail = (report: ErrorReport, error: unknown): void => {
    if (json) io.stdout.write(`${JSON.stringify({ error: report }, null, 2)}\n`);
    else tell(report.problems === undefined ? `sallyport: ${report.message}` : formatProblems(report.problems));
    if (context.debug) tell(formatStacks(error, redactor));
  };

  let exit: Exit = "ok";
  const execute = async (start: (context: Context) => Promise<Outcome>): Promise<void> => {
    const outcome = await start(context);
    const text = json ? JSON.stringify(outcome.data, null, 2) : outcome.text(styleFor(io.stdout));
    if (text !== "") io.stdout.write(`${text}\n`);
    exit = outcome.exit ?? "ok";
  };

  let usage = "";
  const output = {
    writeOut: (text: string) => void io.stdout.write(text),
    writeErr: (text: string) => (usage += text),
  };
  try {
    const program = await buildProgram(args, execute, output);
    await program.parseAsync(args, { from: "user" });
    return exitCodes[exit].code;
  } catch (error) {
    if (io.signal.aborted) return interrupted(String(io.signal.reason), fail, error);
    if (error instanceof CommanderError) {
      // Asking for help is no failure; giving no command at all is, and is answered with the same text.
      if (error.exitCode === 0) return exitCodes.ok.code;
      fail({ code: "usage_invalid", message: usageMessage(error, usage) }, error);
      return exitCodes.usage.code;
    }
    const judgement = judgeError(error, redactor);
    fail(judgement.report, error);
    return exitCodes[judgement.exit].code;
  }
}

// Needed before parsing, for an error in the arguments themselves. After `--` come the arguments of another program.
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? undefined : end).includes("--json");
}

function usageMessage({ code }: CommanderError, usage: string): string {
  const text = usage.trim().replace(/^error: /, "");
  return code === "commander.help" ? `which command? These are known:\n\n${text}` : text;
}

function formatProblems(problems: NonNullable<ErrorReport["problems"]>): string {
  return problems.map(({ path, message }) => `sallyport: ${path === "" ? "" : `${path}: `}${message}`).join("\n");
}

function interrupted(signal: string, fail: (report: ErrorReport, error: unknown) => void, error: unknown): number {
  fail({ code: "interrupted", message: `Interrupted by ${signal}.` }, error);
  return exitCodes[signals.find((each) => each === signal) ?? "SIGINT"].code;
}
