/**
 * Config files: JSON with comments, `${VAR}` expanded, read and validated as a whole before anything is started.
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, ConfigError, parseConfigText } from "@sallyport/auth-core";
import { type Environment, type EnvironmentOptions, resolveEnvironment } from "./environment.ts";
import { readTextFile, UnreadableFile } from "./text-file.ts";

/** A configuration together with what its relative paths and variables refer to. */
export interface LoadedConfig {
  readonly config: Config;
  /** Where relative paths in it start: the folder of a file, else the working directory. */
  readonly baseDir: string;
  /** The variables that it may name: the environment, and what an env file adds to it. */
  readonly env: Environment;
}

/** A config file as it was read. */
export interface LoadedConfigFile extends LoadedConfig {
  /** Absolute path of the file. */
  readonly file: string;
  /** What is in it, with the secrets in it. */
  readonly text: string;
}

const limit = 1024 * 1024;

/**
 * Read and validate a config file. Starts nothing and reads no secret source. `file`, `cwd` and `command` in the
 * result are as written: relative ones start at the file's folder.
 *
 * @param path - a path, relative to the working directory, or a `file:` URL. At most 1 MiB of UTF-8.
 * @throws ConfigError `config_file_unreadable` when the file or the env file cannot be read; `config_invalid`,
 * `config_conflict` or `config_env_missing` with every problem in it.
 * @example
 * ```ts
 * import { readConfigFile } from "@sallyport/client-node";
 *
 * const config = await readConfigFile("./mcp-config.json", { envFile: ".env" });
 * const names: string[] = Object.keys(config.mcpServers);
 * ```
 */
export async function readConfigFile(path: string | URL, options: EnvironmentOptions = {}): Promise<Config> {
  return loadConfigFile(path, options).config;
}

/**
 * {@link readConfigFile} at once, with what is needed to read the file's secret sources or to look at the file itself:
 * its folder, its text, and the variables it was expanded with.
 *
 * @param path - a path, relative to the working directory, or a `file:` URL. At most 1 MiB of UTF-8.
 * @throws ConfigError as {@link readConfigFile} does.
 * @example
 * ```ts
 * import { loadConfigFile, nodeSecrets } from "@sallyport/client-node";
 *
 * const { baseDir, env } = loadConfigFile("./mcp-config.json", { envFile: ".env" });
 * const token = await nodeSecrets({ baseDir, env }).read({ file: "./token" });
 * ```
 */
export function loadConfigFile(path: string | URL, options: EnvironmentOptions = {}): LoadedConfigFile {
  const file = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const text = readConfigText(file);
  const baseDir = dirname(file);
  const env = resolveEnvironment(options, baseDir);
  return { config: parseConfigText(text, { source: file, env, expand: true }), baseDir, env, file, text };
}

function readConfigText(file: string): string {
  try {
    return readTextFile(file, limit);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    const message = `Cannot read the config file ${file}: ${error.message}. Pass the path of a readable JSON file with \`mcpServers\`.`;
    throw new ConfigError([{ code: "config_file_unreadable", path: "", message }], { cause: error });
  }
}
