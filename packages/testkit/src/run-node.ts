/**
 * Runs a script with this Node as a child process, the way a user's shell would.
 */
import { spawn } from "node:child_process";

export interface RunNodeOptions {
  /** The whole environment of the child. Default: `PATH` and `HOME` alone, so that nothing leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the child's standard input, which is then closed. */
  readonly stdin?: string;
  readonly cwd?: string;
  /** Options of Node itself, such as `--conditions=@sallyport/source`. */
  readonly nodeOptions?: readonly string[];
}

/** How a child ended, and what it wrote. */
export interface Finished {
  /** The exit code; `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child that is running. */
export interface NodeProcess {
  readonly pid: number;
  /** Settles when the child has ended and its output is whole. */
  readonly finished: Promise<Finished>;
  /** What it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves once `text` stands in its standard output; rejects when it ends without. */
  printed(text: string): Promise<void>;
  /** End it. Default SIGKILL. */
  kill(signal?: NodeJS.Signals): void;
}

/**
 * Start `script` and return at once; await `finished` for its end.
 *
 * @param script - path of a JavaScript file.
 * @param args - its arguments, passed as they are: no shell is involved.
 */
export function runNode(script: string, args: readonly string[] = [], options: RunNodeOptions = {}): NodeProcess {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), script, ...args], {
    env: { ...(options.env ?? { PATH: process.env["PATH"], HOME: process.env["HOME"] }) },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      output[name] += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  // A child that ends without reading its input is not an error of the test.
  child.stdin.on("error", () => {}).end(options.stdin ?? "");

  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...output }));
  });
  return {
    pid: child.pid ?? -1,
    finished,
    output,
    printed(text) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.stdout.includes(text)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        finished.then(
          ({ code, stdout, stderr }) =>
            reject(new Error(`The process ended (${code}) before it printed ${text}\n${stdout}${stderr}`)),
          reject,
        );
      });
    },
    kill: (signal = "SIGKILL") => void child.kill(signal),
  };
}
