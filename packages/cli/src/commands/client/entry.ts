/**
 * From the flags of `client connect` to a server entry as a config file would hold it. The entry is what is saved, so
 * that flags and files are checked by the same rules.
 */
import { ConfigError, type ConfigProblem } from "@sallyport/auth-core/errors";
import type { ConnectionOptions } from "../../connect-server.ts";
import type { Io } from "../../io.ts";
import { UsageError } from "../../usage-error.ts";

/** The flags of `client connect`. */
export interface ConnectOptions extends ConnectionOptions {
  readonly name: string;
  readonly auth?: string;
  readonly authEnv?: string;
  readonly authStdin?: boolean;
  readonly header?: readonly string[];
  readonly stdio?: boolean;
  readonly env?: readonly string[];
}

/** A server entry in the form of the config schema. */
export type ServerEntry = Readonly<Record<string, unknown>>;

const tokenLimit = 64 * 1024;

/**
 * The entry that the flags describe. It is not validated yet.
 *
 * @throws UsageError for flags that do not go together, ConfigError for two tokens.
 */
export async function buildEntry(target: readonly string[], options: ConnectOptions, io: Io): Promise<ServerEntry> {
  return options.stdio ? stdioEntry(target, options, io) : httpEntry(target, options, io);
}

async function httpEntry(target: readonly string[], options: ConnectOptions, io: Io): Promise<ServerEntry> {
  const [url, ...more] = target;
  if (url === undefined) {
    throw new UsageError("missing the server's URL. For a command: --stdio, and the command after --");
  }
  if (more.length > 0) throw new UsageError("more than one URL. For a command: --stdio, and the command after --");
  if (options.env) throw new UsageError("--env is for servers that are started with --stdio");
  const token = await readToken(options, io);
  const headers = parsePairs("--header", options.header ?? []);
  return {
    url,
    ...(token === undefined ? {} : { authToken: token }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

function stdioEntry(target: readonly string[], options: ConnectOptions, io: Io): ServerEntry {
  const [command, ...args] = target;
  if (command === undefined) throw new UsageError("missing the command to start: put it after --");
  if (options.header || options.auth !== undefined || options.authEnv !== undefined || options.authStdin) {
    throw new UsageError(
      "--auth, --auth-env, --auth-stdin and --header are for HTTP servers. A server started with --stdio takes its credential from a variable: --env",
    );
  }
  const variables = (options.env ?? []).map((pair) => {
    const [name, value] = splitPair(pair);
    return [name, value ?? { env: name }] as const;
  });
  const env = Object.fromEntries(variables);
  // A later command may be run elsewhere; what was relative to here stays so.
  return { command, args, ...(variables.length === 0 ? {} : { env }), cwd: io.cwd };
}

async function readToken(options: ConnectOptions, io: Io): Promise<string | { readonly env: string } | undefined> {
  const { auth, authEnv, authStdin } = options;
  const given = [auth !== undefined && "--auth", authEnv !== undefined && "--auth-env", authStdin && "--auth-stdin"];
  const flags = given.filter((flag) => typeof flag === "string");
  if (flags.length > 1) {
    throw problem(
      "config_conflict",
      flags[0] ?? "",
      `conflicts with ${flags.slice(1).join(" and ")}: give the token once`,
    );
  }
  if (authEnv !== undefined) return { env: authEnv };
  if (!authStdin) return auth === undefined ? undefined : literal("--auth", auth);
  return readLine(io.stdin);
}

/** The values of `name=value` flags. Throws when a name is given twice, in whatever case. */
function parsePairs(flag: string, pairs: readonly string[]): Record<string, string> {
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const pair of pairs) {
    const [name, value] = splitPair(pair);
    if (value === undefined || name === "") {
      // The text is not repeated: it may be nothing but the secret.
      throw new UsageError(`${flag} wants name=value, with the first = between them`);
    }
    if (seen.has(name.toLowerCase())) throw problem("config_conflict", `${flag} ${name}`, "is given twice");
    seen.add(name.toLowerCase());
    values.set(name, literal(`${flag} ${name}`, value));
  }
  return Object.fromEntries(values);
}

function splitPair(pair: string): readonly [name: string, value: string | undefined] {
  const at = pair.indexOf("=");
  return at === -1 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

// Pain 15 (anthropics/claude-code#6204): a variable that the shell did not expand must never be sent as it stands.
function literal(flag: string, value: string): string {
  const variable = /\$\{(?:env:)?(\w+)[^}]*\}/.exec(value)?.[1];
  if (variable === undefined) return value;
  throw problem(
    "config_invalid",
    flag,
    `holds \${${variable}} unexpanded. Use double quotes, or --auth-env ${variable} for a token`,
  );
}

async function readLine(stdin: Io["stdin"]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stdin) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > tokenLimit) throw problem("config_invalid", "--auth-stdin", "got more than 64 KiB");
  }
  const token = text.replace(/\r?\n$/, "");
  if (token === "") throw problem("config_invalid", "--auth-stdin", "got nothing on stdin");
  return token;
}

function problem(code: ConfigProblem["code"], path: string, message: string): ConfigError {
  return new ConfigError([{ code, path, message }]);
}
