/**
 * What a parsed server entry does, without any of its secrets: for `client list` and `config check`.
 */
import type { AuthSetting, SecretInput, ServerConfig } from "@sallyport/auth-core";
import { mask } from "@sallyport/auth-core/redactor";
import type { Environment } from "../io.ts";

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
  if (server.kind === "stdio") {
    const { command, args, env, cwd } = server;
    return { kind: "stdio", command, args: args.length, env: maskAll(env), ...(cwd === undefined ? {} : { cwd }) };
  }
  const { url, transport, auth } = server;
  // A function is for code: what the command reads is a file.
  const headers = typeof server.headers === "function" ? {} : server.headers;
  return { kind: "http", url: maskUrl(url), transport, auth: summarizeAuth(auth), headers: maskAll(headers) };
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
  return [formatAuthSummary(summary.auth), headers].filter(Boolean).join(", ");
}

function formatAuthSummary(auth: AuthSummary | null): string {
  if (auth === null) return "";
  const { type, ...fields } = auth;
  if (type === "headers") return formatPairs(type, auth["headers"] as Readonly<Record<string, unknown>>);
  const shown = Object.entries(fields).map(([name, value]) =>
    isRecord(value) ? formatPairs(name, value) : `${name}: ${String(value)}`,
  );
  return shown.length === 0 ? type : `${type} (${shown.join(", ")})`;
}

function formatPairs(title: string, pairs: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(pairs).map(([name, value]) => `${name}: ${String(value)}`);
  return shown.length === 0 ? "" : `${title} (${shown.join(", ")})`;
}

// What may be shown is listed, not what is secret: a field added later is masked until it is named here.
const plainFields: ReadonlySet<string> = new Set([
  "type",
  "username",
  "name",
  "in",
  "algorithm",
  "encoding",
  "keyHeader",
  "timestampHeader",
  "signatureHeader",
  "nonceHeader",
  "keyId",
  "label",
  "tag",
  "expiresIn",
  "region",
  "service",
  "clientId",
  "clientAuthentication",
  "clientMetadataUrl",
  "clientName",
  "scope",
  "grant",
  "dpop",
  "callbackPort",
  "callbackUrl",
  "redirectPath",
  "strictPort",
  "issuer",
  "resource",
  "legacyDiscovery",
  "allowInsecure",
]);

function summarizeAuth(auth: AuthSetting | undefined): AuthSummary | null {
  if (auth === undefined) return null;
  if (typeof auth === "function" || !("type" in auth)) return { type: "custom" };
  const fields = Object.entries(auth).filter(([, value]) => value !== undefined);
  return { type: auth.type, ...Object.fromEntries(fields.map(([name, value]) => [name, show(name, value)])) };
}

function show(name: string, value: unknown): unknown {
  if (name === "headers") return maskAll(value as Readonly<Record<string, SecretInput>>);
  if (plainFields.has(name) && !isRecord(value)) return value;
  return isRecord(value) ? maskSecret(value as SecretInput) : mask;
}

/** Whether a field of `auth` may be shown. */
export function isPlainField(name: string): boolean {
  return plainFields.has(name);
}

function maskAll(secrets: Readonly<Record<string, SecretInput>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, input]) => [name, maskSecret(input)]));
}

/** A secret as it may be shown: where it comes from, or that it is one. */
export function maskSecret(input: SecretInput): string {
  if (typeof input !== "object") return mask;
  if ("env" in input) return `env ${input.env}`;
  if ("file" in input) return `file ${input.file}`;
  // The arguments of a command may be secret.
  return "command" in input ? `command ${input.command[0]}` : mask;
}

/**
 * The secrets in a server entry, as far as they stand in it or in the environment: what diagnostics must not show.
 *
 * @param env - where secrets of `{ env }` sources are.
 */
export function secretsOf(server: ServerConfig, env: Environment): string[] {
  const secrets: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === "string") secrets.push(value);
    else if (isRecord(value) && "env" in value && typeof value["env"] === "string")
      secrets.push(env[value["env"]] ?? "");
    else if (isRecord(value)) for (const each of Object.values(value)) collect(each);
  };
  if (server.kind === "stdio") {
    collect([...server.args, server.env]);
    return secrets;
  }
  collect([server.headers]);
  const fields = isRecord(server.auth) ? Object.entries(server.auth) : [];
  for (const [name, value] of fields) if (!plainFields.has(name)) collect(value);
  return [...secrets, ...new URL(server.url).searchParams.values()];
}

/** A URL without the values of its query, which may be keys. */
function maskUrl(url: string): string {
  return url.replace(/#.*$/s, "").replace(/([?&][^=&#]*=)[^&#]*/g, `$1${mask}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
