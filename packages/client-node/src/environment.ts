/**
 * The environment variables that a configuration may name, and the env file that adds to them. `process.env` is
 * never changed.
 */
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { ConfigError } from "@sallyport/auth-core";
import { readTextFile, UnreadableFile } from "./text-file.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which environment variables a configuration may name. */
export interface EnvironmentOptions {
  /** The environment. Default: `process.env`. */
  readonly env?: Environment | undefined;
  /**
   * A dotenv file that sets variables the environment does not. The environment wins, as with Node's own `--env-file`.
   * A relative path starts at the folder of the config file, or without one at the working directory.
   */
  readonly envFile?: string | undefined;
}

const limit = 1024 * 1024;

/**
 * One set of variables out of the environment and the env file.
 *
 * @param baseDir - where a relative `envFile` starts.
 * @throws ConfigError `config_file_unreadable` when the env file cannot be read.
 */
export function resolveEnvironment({ env = process.env, envFile }: EnvironmentOptions, baseDir: string): Environment {
  // Without a file the environment stays the live object, so that a later change of process.env is seen.
  if (envFile === undefined) return env;
  const variables: Record<string, string | undefined> = Object.assign(
    Object.create(null),
    parseEnv(readEnvFile(resolve(baseDir, envFile))),
  );
  for (const [name, value] of Object.entries(env)) if (value !== undefined) variables[name] = value;
  return variables;
}

function readEnvFile(path: string): string {
  try {
    return readTextFile(path, limit);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    const message = `Cannot read the env file ${path}: ${error.message}. Create it, correct \`envFile\`, or leave \`envFile\` out.`;
    throw new ConfigError([{ code: "config_file_unreadable", path: "", message }], { cause: error });
  }
}
