/**
 * MCP servers that run as a child process and take their credential from the environment (APP-03). The process is
 * started and ended by the SDK line's own stdio transport.
 */
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { SallyportError, type SecretInput, type SecretReader, type StdioServerConfig } from "@sallyport/auth-core";
import type { McpSdk, TransportTarget } from "@sallyport/auth-core/mcp";
import { readSecret } from "./secrets/read-secret.ts";

export interface StdioOptions {
  readonly name: string;
  /** Where a relative `cwd` starts, and the working directory without one. */
  readonly baseDir: string;
  readonly secrets: SecretReader;
  readonly onStderr: ((text: string) => void) | undefined;
}

/** One run of the process. */
interface Run {
  /** Whether it was asked to end. */
  closing: boolean;
  /** How it ended when nobody had asked: `exit code 1`, `SIGKILL`. */
  ending?: string;
}

/** What a session with a stdio server connects to: each connection is a process of its own. */
export class StdioTarget implements TransportTarget {
  readonly kind = "transport";
  readonly #config: StdioServerConfig;
  readonly #options: StdioOptions;
  readonly #cwd: string;
  #latest: Run | undefined;

  constructor(config: StdioServerConfig, options: StdioOptions) {
    this.#config = config;
    this.#options = options;
    this.#cwd = resolve(options.baseDir, config.cwd ?? "");
  }

  /** A transport that has not started yet. The process gets the SDK's short list of safe variables, and `env`. */
  async open(sdk: McpSdk, signal: AbortSignal): Promise<unknown> {
    const run: Run = { closing: false };
    this.#latest = run;
    const { command, args } = this.#config;
    const { onStderr } = this.#options;
    const [{ StdioClientTransport }, env] = await Promise.all([loadTransport(sdk), this.#readEnv()]);
    const transport = new StdioClientTransport({
      command,
      args: [...args],
      // The transport keeps this object where an inspector finds it; an accessor does not show its value.
      get env() {
        return env;
      },
      cwd: this.#cwd,
      stderr: onStderr === undefined ? "ignore" : "pipe",
    });
    if (onStderr !== undefined) tell(transport.stderr as Readable, onStderr);

    const start = transport.start.bind(transport);
    const close = transport.close.bind(transport);
    transport.start = () => followStart(start, run);
    transport.close = () => {
      run.closing = true;
      return close();
    };
    // The SDKs wait for the process to answer even when nobody waits for them any more.
    signal.throwIfAborted();
    signal.addEventListener("abort", () => void transport.close().catch(() => {}), { once: true });
    return transport;
  }

  /** What a failure to connect means, where more is known than the SDK says. */
  explain(error: unknown): SallyportError | undefined {
    const spawnError = findSpawnError(error);
    // Node's error holds the arguments, which may be secret, so it must not become the `cause`.
    if (spawnError !== undefined) return this.#failure(`cannot be started: ${this.#reasonOf(spawnError)}`);
    const ending = this.#latest?.ending;
    if (ending === undefined) return undefined;
    const next = `Run ${this.#config.command} by hand, or read what it prints with \`onStderr\`.`;
    return this.#failure(`ended before it answered, with ${ending}. ${next}`, { cause: error });
  }

  async #readEnv(): Promise<Record<string, string>> {
    const { secrets } = this.#options;
    const entries = Object.entries(this.#config.env).map(
      async ([name, input]) => [name, await readVariable(name, input, secrets)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  #reasonOf({ code }: NodeJS.ErrnoException): string {
    const { command } = this.#config;
    if (!existsSync(this.#cwd)) return `its folder ${this.#cwd} does not exist. Correct \`cwd\`.`;
    const [program = ""] = command.trim().split(/\s/);
    if (code === "ENOENT" && program !== command) {
      // What follows may hold a secret.
      return `${JSON.stringify(program)} and what follows it was taken for the name of a program. Put the arguments in \`args\`.`;
    }
    if (code === "ENOENT") return `${command} was not found. Install it, correct \`command\`, or give its full path.`;
    if (code === "EACCES") return `${command} may not be executed. Check the file's permissions.`;
    return `starting ${command} failed (${code}).`;
  }

  #failure(what: string, options?: ErrorOptions): SallyportError {
    return new SallyportError("connect_failed", `The server ${JSON.stringify(this.#options.name)} ${what}`, options);
  }
}

type TransportModule =
  | typeof import("@modelcontextprotocol/sdk/client/stdio.js")
  | typeof import("@modelcontextprotocol/client/stdio");

// Imported when connecting: most programs need one of the two, and many neither.
function loadTransport(sdk: McpSdk): Promise<TransportModule> {
  return sdk.name === "sdk-v1"
    ? import("@modelcontextprotocol/sdk/client/stdio.js")
    : import("@modelcontextprotocol/client/stdio");
}

async function readVariable(name: string, input: SecretInput, secrets: SecretReader): Promise<string> {
  const value = await readSecret(input, secrets);
  // Node would refuse it too, but quote the value.
  if (!value.includes("\0")) return value;
  throw new SallyportError(
    "credential_source_failed",
    `The secret for the variable ${name} has a null character in it.`,
  );
}

function tell(stderr: Readable, onStderr: (text: string) => void): void {
  stderr.setEncoding("utf8").on("data", (text: string) => {
    try {
      onStderr(text);
    } catch {
      // A listener's error is its own: in a stream it would end the program.
    }
  });
}

// The transport does not say how its process ended. It starts it before it waits for anything, so the one process that
// Node announces meanwhile is the server's.
function followStart(start: () => Promise<void>, run: Run): Promise<void> {
  const follow = (message: unknown): void => {
    (message as { process: ChildProcess }).process.once("exit", (code, signal) => {
      if (!run.closing) run.ending = signal ?? `exit code ${code}`;
    });
  };
  subscribe("child_process", follow);
  try {
    return start();
  } finally {
    unsubscribe("child_process", follow);
  }
}

function findSpawnError(error: unknown): NodeJS.ErrnoException | undefined {
  let link = error;
  for (let depth = 0; link instanceof Error && depth < 10; depth++) {
    const { syscall } = link as NodeJS.ErrnoException;
    if (syscall?.startsWith("spawn")) return link;
    link = link.cause;
  }
  return undefined;
}
