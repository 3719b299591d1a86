/**
 * What a parsed server entry does, without any of its secrets: for `client list` and `config check`.
 */
import {
  type AuthSetting,
  type HttpServerConfig,
  maskSecrets,
  type ServerConfig,
  secretsIn,
} from "@sallyport/auth-core";
import { mask } from "@sallyport/auth-core/redactor";
import type { Environment } from "../io.ts";
import { isObject } from "../json.ts";

/** A server entry that may be shown. Secrets are `••••`, or where they are read from: `env API_TOKEN`. */
export type ServerSummary =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly transport: "auto" | "http" | "sse";
      readonly auth: AuthSummary | null;
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "stdio";
      readonly command: string;
      /** How many; what they are may be secret. */
      readonly args: number;
      readonly env: Readonly<Record<string, string>>;
      readonly cwd?: string;
    };

/** An `auth` entry that may be shown: `type`, and its fields. */
export type AuthSummary = Readonly<Record<string, unknown>> & { readonly type: string };

/** Summarise a server entry. */
export function summarize(server: ServerConfig): ServerSummary {
  const shown = maskSecrets(server);
  if (shown.kind === "stdio") {
    const { command, args, env, cwd } = shown;
    return { kind: "stdio", command, args: args.length, env: texts(env), ...(cwd === undefined ? {} : { cwd }) };
  }
  const { url, transport, auth, headers } = shown;
  return { kind: "http", url: maskUrl(url), transport, auth: summarizeAuth(auth), headers: texts(headers) };
}

/** One line that says where the server is: its URL, or its command. */
export function formatTarget(summary: ServerSummary): string {
  if (summary.kind === "http") return summary.url;
  if (summary.args === 0) return summary.command;
  return `${summary.command} (${summary.args} ${summary.args === 1 ? "argument" : "arguments"})`;
}

/** One line that says how requests are authenticated: `bearer (token: env API_TOKEN), header X-Tenant`. */
export function formatAuth(summary: ServerSummary): string {
  if (summary.kind === "stdio") return formatPairs("env", summary.env);
  const headers = formatPairs("headers", summary.headers);
  // A header that was written by hand is the authentication: `none` then means that nothing is added to it.
  if (summary.auth?.type === "none" && headers !== "") return headers;
  return [formatAuthSummary(summary.auth), headers].filter(Boolean).join(", ") || "OAuth on demand";
}

function formatAuthSummary(auth: AuthSummary | null): string {
  if (auth === null) return "";
  const { type, ...fields } = auth;
  if (type === "headers") return formatPairs(type, auth["headers"] as Readonly<Record<string, unknown>>);
  const shown = Object.entries(fields).map(([name, value]) =>
    isObject(value) ? formatPairs(name, value) : `${name}: ${String(value)}`,
  );
  return shown.length === 0 ? type : `${type} (${shown.join(", ")})`;
}

function formatPairs(title: string, pairs: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(pairs).map(([name, value]) => `${name}: ${String(value)}`);
  return shown.length === 0 ? "" : `${title} (${shown.join(", ")})`;
}

function summarizeAuth(auth: AuthSetting | undefined): AuthSummary | null {
  if (auth === undefined) return null;
  return typeof auth === "object" && "type" in auth ? { ...auth } : { type: "custom" };
}

/** Masked secrets are texts. A function is for code: what the command reads is a file. */
function texts(masked: HttpServerConfig["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(masked).map(([name, text]) => [name, String(text)]));
}

/**
 * The secrets in a server entry, as far as they stand in it or in the environment: what diagnostics must not show.
 *
 * @param env - where secrets of `{ env }` sources are.
 */
export function secretsOf(server: ServerConfig, env: Environment): string[] {
  const secrets = secretsIn(server).flatMap((input) => {
    if (typeof input === "string") return input;
    return typeof input === "object" && "env" in input ? (env[input.env] ?? []) : [];
  });
  const elsewhere = server.kind === "stdio" ? server.args : new URL(server.url).searchParams.values();
  return [...secrets, ...elsewhere];
}

/** A URL without the values of its query, which may be keys. */
function maskUrl(url: string): string {
  return url.replace(/#.*$/s, "").replace(/([?&][^=&#]*=)[^&#]*/g, `$1${mask}`);
}
