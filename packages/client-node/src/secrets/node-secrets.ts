/**
 * Reads secret sources in Node: environment variables, files (Docker and Kubernetes secrets) and the output of
 * commands. Every read is fresh; remembering is the caller's matter.
 */
import { resolve } from "node:path";
import { SallyportError, type SecretReader, type SecretSource } from "@sallyport/auth-core";
import type { Environment } from "../environment.ts";
import { readTextFile, UnreadableFile, withoutNewline } from "../text-file.ts";
import { runCommand } from "./command.ts";

/** How secret sources are read. */
export interface NodeSecretsOptions {
  /** Where relative files and commands start. Default: the working directory at the time of the read. */
  readonly baseDir?: string | undefined;
  /** The variables of `env` sources, and the whole environment of commands. Default: `process.env`. */
  readonly env?: Environment | undefined;
  /** How long a command may take, in milliseconds. Default: 30 000. */
  readonly commandTimeoutMs?: number | undefined;
}

// Bundles of CA certificates are the largest; Kubernetes allows as much for a secret.
const fileLimit = 1024 * 1024;

/**
 * A reader for the three kinds of secret sources.
 *
 * `read` rejects with `credential_source_failed` when the source cannot be read or is empty. The message names the
 * source, never its content, and of a command never the arguments or what it printed.
 *
 * One trailing newline of a file or a command's output is not part of the secret. A command is started without a
 * shell, gets no input, and is killed when it takes too long or prints more than 64 KiB.
 *
 * @example
 * ```ts
 * import { nodeSecrets } from "@sallyport/client-node";
 *
 * const secrets = nodeSecrets({ baseDir: "/etc/my-app" });
 * const token: string = await secrets.read({ file: "token" });
 * ```
 */
export function nodeSecrets({ baseDir, env, commandTimeoutMs = 30_000 }: NodeSecretsOptions = {}): SecretReader {
  return {
    async read(source: SecretSource): Promise<string> {
      const variables = env ?? process.env;
      if ("env" in source) return readVariable(source.env, variables);
      if ("file" in source) return readFile(resolve(baseDir ?? "", source.file));
      return runCommand(source.command, { cwd: resolve(baseDir ?? ""), env: variables, timeoutMs: commandTimeoutMs });
    },
  };
}

function readVariable(name: string, env: Environment): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value) return value;
  const state = value === undefined ? "not set" : "empty";
  throw new SallyportError(
    "credential_source_failed",
    `Cannot read the secret from env ${name}: the variable is ${state}. Set it, or point the secret elsewhere.`,
  );
}

function readFile(path: string): string {
  let text: string;
  try {
    text = withoutNewline(readTextFile(path, fileLimit));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw fileFailure(path, error.message, error);
  }
  if (text === "") throw fileFailure(path, "it is empty");
  return text;
}

function fileFailure(path: string, reason: string, cause?: unknown): SallyportError {
  return new SallyportError(
    "credential_source_failed",
    `Cannot read the secret from file ${path}: ${reason}. Write the secret there, or correct the path.`,
    cause === undefined ? undefined : { cause },
  );
}
