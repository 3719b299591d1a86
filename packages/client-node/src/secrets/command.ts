/**
 * A secret from a command's output: `gh auth token`, `op read …`. The command is a program and its arguments, never
 * a line for a shell.
 */
import { type ExecFileException, execFile } from "node:child_process";
import { SallyportError } from "@sallyport/auth-core";
import type { Environment } from "../environment.ts";
import { decodeUtf8, UnreadableFile, withoutNewline } from "../text-file.ts";

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Environment;
  readonly timeoutMs: number;
}

const outputLimit = 64 * 1024;

/** Run a command and return what it printed. Rejects with `credential_source_failed`. */
export async function runCommand(command: readonly [string, ...string[]], options: CommandOptions): Promise<string> {
  // Node's errors for a command hold its arguments and its output, so they must not become the `cause`.
  const fail = (reason: string): SallyportError =>
    new SallyportError("credential_source_failed", `Cannot read the secret from command ${command[0]}: ${reason}.`);

  const { failure, stdout } = await run(command, options);
  if (failure !== null) throw fail(reasonOf(failure, options.timeoutMs));
  try {
    const text = withoutNewline(decodeUtf8(stdout));
    if (text !== "") return text;
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw fail("what it printed is not UTF-8 text");
  }
  throw fail("it printed nothing");
}

interface Outcome {
  readonly failure: ExecFileException | null;
  readonly stdout: Buffer;
}

function run([program, ...args]: readonly [string, ...string[]], options: CommandOptions): Promise<Outcome> {
  return new Promise((done) => {
    try {
      const child = execFile(
        program,
        args,
        {
          cwd: options.cwd,
          env: { ...options.env },
          encoding: "buffer",
          timeout: options.timeoutMs,
          killSignal: "SIGKILL",
          maxBuffer: outputLimit,
          windowsHide: true,
        },
        (failure, stdout) => done({ failure, stdout }),
      );
      // A command that asks for input must fail, not wait. It may be gone before the pipe is closed.
      child.stdin?.on("error", () => {}).end();
    } catch (error) {
      done({ failure: error as ExecFileException, stdout: Buffer.alloc(0) });
    }
  });
}

function reasonOf(failure: ExecFileException, timeoutMs: number): string {
  switch (failure.code) {
    case "ENOENT":
      return "it was not found. Install it, correct its name, or give its full path";
    case "EACCES":
      return "it may not be executed. Check the file's permissions";
    case "ERR_CHILD_PROCESS_STDIO_MAXBUFFER":
      return `it printed more than ${outputLimit / 1024} KiB`;
  }
  if (failure.killed) return `it did not finish within ${timeoutMs} ms and was killed`;
  if (failure.signal) return `it was ended by ${failure.signal}`;
  if (typeof failure.code === "number") return `it exited with code ${failure.code}. Run it by hand to see why`;
  return `it could not be started (${String(failure.code)})`;
}
