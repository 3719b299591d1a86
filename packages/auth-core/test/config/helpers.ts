/** What the config tests share: one entry parsed, and the problems of one that cannot be. */
import {
  ConfigError,
  type ConfigProblem,
  type HttpServerConfig,
  type ParseOptions,
  parseServerConfig,
  type StdioServerConfig,
} from "@sallyport/auth-core";
import { expect } from "vitest";

export const url = "https://api.example.com/mcp";

/** `${name}`, as a config file writes a variable. */
export function variable(name: string): string {
  return `\${${name}}`;
}

/** An HTTP server with these keys beside `url`. */
export function http(entry: object, options: ParseOptions = {}): HttpServerConfig {
  const server = parseServerConfig({ url, ...entry }, options);
  if (server.kind !== "http") expect.fail("expected an HTTP server");
  return server;
}

/** A stdio server with these keys beside `command`. */
export function stdio(entry: object, options: ParseOptions = {}): StdioServerConfig {
  const server = parseServerConfig({ command: "node", ...entry }, options);
  if (server.kind !== "stdio") expect.fail("expected a stdio server");
  return server;
}

/** The error of something that must fail. */
export function configError(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return expect.fail("expected a ConfigError");
}

/** Its problems as `code path`. */
export function problems(run: () => unknown): string[] {
  return configError(run).problems.map(({ code, path }) => `${code} ${path}`);
}

/** The problem at a path. */
export function problemAt(path: string, run: () => unknown): ConfigProblem {
  const error = configError(run);
  return (
    error.problems.find((problem) => problem.path === path) ?? expect.fail(`nothing at ${path}:\n${error.message}`)
  );
}

/** Every key that has two spellings, as snake_case. Free maps keep theirs. */
export function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      ["headers", "env", "oauthProvider", "key", "privateKey"].includes(key) ? item : inSnakeCase(item),
    ]),
  );
}
