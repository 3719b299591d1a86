/**
 * Turns a configuration as people write it into the normal form of `types.ts`: one spelling of every key, one form of
 * every value, one source for every header.
 */
import type { z } from "zod";
import { ConfigError, type ConfigProblem } from "../errors.ts";
import { isObject } from "../json.ts";
import { settle } from "./conflicts.ts";
import { type Input, readInput } from "./input.ts";
import type { Environment } from "./interpolate.ts";
import { formatPath, type Path } from "./path.ts";
import { type Finding, findings, toProblem } from "./problems.ts";
import { type HttpServerEntry, judging, type StdioServerEntry, schemas } from "./schema.ts";
import { writtenKey } from "./spelling.ts";
import type { Config, HttpServerConfig, ServerConfig, StdioServerConfig } from "./types.ts";

/** How to read a configuration. */
export interface ParseOptions {
  /** The variables for `${VAR}`. Without it none is set. */
  readonly env?: Environment;
  /**
   * Fill in `${VAR}`, `${VAR:-default}` and `${env:VAR}` in every string. Default `false`: what code passes is taken as it
   * is; config files are read with `true`. The default also replaces an empty variable. Keys are not expanded, nor what a
   * variable holds. There is no escape: a text with `${` in it has to come from a variable or a secret source.
   */
  readonly expand?: boolean;
}

/**
 * Read a configuration: `{ mcpServers: { name: server } }`.
 *
 * Keys may be written in camelCase or snake_case. Nothing is read from outside: secret sources stay sources.
 *
 * @throws {ConfigError} with every problem at once: `config_invalid`, `config_conflict`, `config_env_missing`.
 *
 * @example
 * ```ts
 * import { parseConfig } from "@sallyport/auth-core";
 *
 * const config = parseConfig({
 *   mcpServers: { api: { url: "https://api.example.com/mcp", auth_token: { env: "API_TOKEN" } } },
 * });
 * console.log(Object.keys(config.mcpServers)); // ["api"]
 * ```
 */
export function parseConfig(input: unknown, options: ParseOptions = {}): Config {
  return parseDocument(input, options);
}

/**
 * Read one server: an entry of `mcpServers` on its own.
 *
 * @param options - `path` is put in front of the paths of problems: `mcpServers.api`.
 * @throws {ConfigError} with every problem at once: `config_invalid`, `config_conflict`, `config_env_missing`.
 *
 * @example
 * ```ts
 * import { parseServerConfig } from "@sallyport/auth-core";
 *
 * const server = parseServerConfig({ url: "https://api.example.com/mcp", authToken: "demo-token" });
 * if (server.kind === "http") console.log(server.url);
 * ```
 */
export function parseServerConfig(
  input: unknown,
  options: ParseOptions & { readonly path?: string } = {},
): ServerConfig {
  const read = readInput(input, options.path ?? "", environment(options));
  const { problems, server } = parseEntry(read, read.value, []);
  return finish(server, [...read.problems, ...problems]);
}

/** {@link parseConfig} for an input that was found faulty in part already. */
export function parseDocument(input: unknown, options: ParseOptions, earlier: readonly ConfigProblem[] = []): Config {
  const read = readInput(input, "", environment(options));
  const problems = [...earlier, ...read.problems];
  const envelope = schemas().envelope.safeParse(read.value, judging);
  if (!envelope.success) problems.push(...report(findings(envelope.error.issues, read.value), read, []));

  const mcpServers: Record<string, ServerConfig> = Object.create(null);
  const key = isObject(read.value) ? writtenKey(read.value, "mcpServers") : "mcpServers";
  const entries = isObject(read.value) ? read.value[key] : undefined;
  for (const [name, entry] of isObject(entries) ? Object.entries(entries) : []) {
    const parsed = parseEntry(read, entry, [key, name]);
    problems.push(...parsed.problems);
    if (parsed.server !== undefined) mcpServers[name] = parsed.server;
  }
  return finish({ mcpServers }, problems);
}

interface ParsedEntry {
  readonly server?: ServerConfig;
  readonly problems: readonly ConfigProblem[];
}

function parseEntry(read: Input, entry: unknown, base: Path): ParsedEntry {
  const known = schemas();
  if (!isObject(entry)) {
    const judged = known.http.safeParse(entry, judging);
    return { problems: report(findings(judged.error?.issues ?? [], entry), read, base) };
  }
  const remote = Object.hasOwn(entry, "url");
  const local = Object.hasOwn(entry, "command");
  const schema = local && !remote ? known.stdio : known.http;
  const judged = schema.safeParse(entry, judging);
  const found = findings(judged.error?.issues ?? [], entry);
  if (local === remote) return { problems: report(undecided(local, found), read, base) };

  const sound = judged.success && !read.incomplete.has(formatPath(base, read.prefix));
  const data = sound ? judged.data : rightParts(entry, found, schema, read, base);
  if (data === undefined) return { problems: report(found, read, base) };
  const settled = "command" in data ? stdioServer(data) : httpServer(data, entry);
  const problems = report([...found, ...settled.findings], read, base);
  return sound && problems.length === 0 ? { problems, server: settled.server } : { problems };
}

/** What is wrong with a server that is of both kinds, or of neither. */
function undecided(both: boolean, found: readonly Finding[]): Finding[] {
  const message = both
    ? "has both url and command; a server is reached over HTTP (url) or started as a process (command)"
    : "has neither url nor command; give the url of an HTTP server or the command of a stdio server";
  // Which keys belong here is open: complaints that come from taking it for an HTTP server are left out.
  const local = new Set(["url", "command", "args", "env", "cwd"]);
  return [{ path: [], message }, ...found.filter(({ path }) => !local.has(String(path[0])))];
}

/** The entry without the keys that are wrong, so that those that are right can still be compared with each other. */
function rightParts(
  entry: Readonly<Record<string, unknown>>,
  found: readonly Finding[],
  schema: z.ZodType<HttpServerEntry | StdioServerEntry>,
  read: Input,
  base: Path,
): HttpServerEntry | StdioServerEntry | undefined {
  const wrong = new Set(found.map(({ path }) => path[0]));
  const right = Object.entries(entry).filter(
    ([key]) => !wrong.has(key) && !read.incomplete.has(formatPath([...base, key], read.prefix)),
  );
  // The one key that must be there has a stand-in: its value plays no part in the comparison.
  const standIn = "url" in entry ? { url: "https://localhost" } : { command: "true" };
  return schema.safeParse({ ...standIn, ...Object.fromEntries(right) }, judging).data;
}

interface Server {
  readonly server: ServerConfig;
  readonly findings: readonly Finding[];
}

function httpServer(data: HttpServerEntry, entry: Readonly<Record<string, unknown>>): Server {
  const { url, headers = {}, auth, authToken, type, transport } = data;
  const settled = settle({
    url,
    headers,
    auth,
    authPath: ["auth"],
    authToken,
    authTokenPath: [writtenKey(entry, "authToken")],
  });
  const server: HttpServerConfig = {
    kind: "http",
    url,
    transport: type ?? transport ?? "auto",
    headers: settled.headers,
    auth: settled.auth,
    ...(data.tls === undefined ? {} : { tls: data.tls }),
    ...(data.proxy === undefined ? {} : { proxy: data.proxy }),
    ...(data.disabled === true ? { disabled: true } : {}),
  };
  const findings = [...settled.findings];
  if (type !== undefined && transport !== undefined && type !== transport) {
    findings.push({
      path: ["transport"],
      conflictsWith: ["type"],
      message: "both name the transport; keep one of them",
    });
  }
  if (data.tls !== undefined && /^http:/i.test(url)) {
    findings.push({ path: ["tls"], message: "is for https; the url begins with http://" });
  }
  return { server, findings };
}

function stdioServer({ command, args = [], env = {}, cwd, disabled }: StdioServerEntry): Server {
  const server: StdioServerConfig = {
    kind: "stdio",
    command,
    args,
    env: Object.assign(Object.create(null), env),
    ...(cwd === undefined ? {} : { cwd }),
    ...(disabled === true ? { disabled: true } : {}),
  };
  return { server, findings: [] };
}

/** Findings as problems, without those about a value that could not be read: that has been said. */
function report(found: readonly Finding[], read: Input, base: Path): ConfigProblem[] {
  return found
    .map((finding) => toProblem(finding, base, read.prefix))
    .filter(({ code, path }) => code === "config_conflict" || !read.unreadable.has(path));
}

function finish<T>(value: T | undefined, problems: readonly ConfigProblem[]): T {
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ConfigError([first, ...rest]);
  if (value === undefined) throw new TypeError("A configuration without problems has a value.");
  return value;
}

function environment({ expand = false, env = {} }: ParseOptions): Environment | undefined {
  return expand ? env : undefined;
}
