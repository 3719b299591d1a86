/**
 * Reads a configuration from the text of a file.
 */
import { ConfigError } from "../errors.ts";
import { readJsonText } from "./json-text.ts";
import { type ParseOptions, parseDocument } from "./parse.ts";
import type { Config } from "./types.ts";

/**
 * Read a configuration from text: JSON, in which comments and trailing commas are allowed.
 *
 * @param options - `source` names the text in messages, such as the path of its file. Config files are read with `expand: true`.
 * @throws {ConfigError} with every problem at once: `config_invalid`, `config_conflict`, `config_env_missing`. Where the text
 * is not JSON the message gives line and column.
 *
 * @example
 * ```ts
 * import { parseConfigText } from "@sallyport/auth-core";
 *
 * declare const env: Record<string, string | undefined>;
 *
 * const text = '{ "mcpServers": { "api": { "url": "https://api.example.com/mcp", "authToken": "${API_TOKEN}" } } }';
 * const config = parseConfigText(text, { source: "mcp-config.json", expand: true, env });
 * console.log(config.mcpServers["api"]?.kind); // "http"
 * ```
 */
export function parseConfigText(text: string, options: ParseOptions & { readonly source?: string } = {}): Config {
  try {
    const { value, problems } = readJsonText(text);
    return parseDocument(value, options, problems);
  } catch (error) {
    if (error instanceof ConfigError && options.source !== undefined)
      throw new ConfigError(error.problems, { source: options.source });
    throw error;
  }
}
