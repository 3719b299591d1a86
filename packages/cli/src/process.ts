/**
 * The command as a process: its streams, its signals and its end.
 */
import { statSync, writeSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import type { Redactor } from "@sallyport/auth-core/redactor";
import { exitCodes, signals } from "./exit-codes.ts";
import { sessionFolder } from "./sessions/location.ts";

/** Run the command with this process's streams and signals, and end the process with its exit code. */
export async function runProcess(args: readonly string[]): Promise<never> {
  const { stdin, stdout, stderr, env } = process;
  for (const output of [stdout, stderr]) output.on("error", ignoreClosedPipe);
  const { redactor, runWith } = await load();
  process.on("uncaughtException", (error) => endUnexpectedly(error, redactor));
  const code = await runWith(redactor, args, {
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    signal: listenForSignals(),
  });
  // What was written to a pipe is on its way still, and an idle connection would keep the process alive.
  await Promise.all([stdout, stderr].map((output) => new Promise((done) => output.write("", done))));
  process.exit(code);
}

/** Aborts on the first signal, so that the server is told and its process ended. A second one ends at once. */
function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(exitCodes[signal].code);
      controller.abort(signal);
    });
  }
  return controller.signal;
}

// `| head` has seen enough; the command finishes what it does and ends with its own exit code.
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

async function load(): Promise<{ redactor: Redactor; runWith: typeof import("./run.ts").runWith }> {
  enableCompileCache();
  const [{ Redactor }, { runWith }] = await Promise.all([import("@sallyport/auth-core/redactor"), import("./run.ts")]);
  return { redactor: new Redactor(), runWith };
}

/** An error that nothing was waiting for, such as a full disk under stdout. */
function endUnexpectedly(error: Error, redactor: Redactor): never {
  const text = process.env["SALLYPORT_DEBUG"] ? (error.stack ?? error.message) : error.message;
  try {
    writeSync(
      process.stderr.fd,
      `sallyport: unexpected error: ${JSON.stringify(redactor.redact(text)).slice(1, -1)}\n`,
    );
  } finally {
    process.exit(exitCodes.internal.code);
  }
}

// Node 22.1 and later keep compiled code between runs. What lies in the cache is run, so it goes to the session folder
// while nobody else can write there, and not where Node would put it: the system's temporary folder is everybody's.
function enableCompileCache(): void {
  const { enableCompileCache: enable } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
  const folder = sessionFolder(process.env);
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.uid === process.getuid?.() && ((stats?.mode ?? 0) & 0o022) === 0) enable?.(join(folder, "compile-cache"));
}
