/**
 * What is secret in a configuration: found by walking the one schema, in which every secret field is marked. A parsed
 * server can be shown without them; a file can be told where each of them stands (anthropics/claude-code#91199).
 */
import * as z from "zod";
import { mask } from "../redactor.ts";
import { describeSource, type SecretInput, type SecretSource } from "../secrets/source.ts";
import { isSecret, secretSource } from "./fields.ts";
import { readInput } from "./input.ts";
import { type Environment, variablesIn } from "./interpolate.ts";
import { readJsonText } from "./json-text.ts";
import { parseConfigText } from "./parse-text.ts";
import { formatPath, type Path } from "./path.ts";
import { judging, schemas } from "./schema.ts";
import type { ServerConfig } from "./types.ts";

/** One place in a config file that holds a credential. Nothing of the credential is in it. */
export interface Credential {
  /** Name of the server that it is for. */
  readonly server: string;
  /** Where it stands, in the file's own spelling: `mcpServers.api.auth_token`. */
  readonly path: string;
  /** `••••`, or what it is read from as the file says it: `env API_TOKEN`, `file ./token`. */
  readonly value: string;
  /** Names of the variables in it. */
  readonly variables: readonly string[];
  /** What it is read from, variables filled in, when it does not stand in the file. */
  readonly source?: SecretSource;
}

/**
 * Where the credentials of a config file stand, and what each of them is taken from. Reads no secret.
 *
 * @param text - the file: JSON, in which comments and trailing commas are allowed.
 * @param options - `env` has the variables for `${VAR}`; without it none is set.
 * @throws {ConfigError} as `parseConfigText` does: `config_invalid`, `config_conflict`, `config_env_missing`.
 *
 * @example
 * ```ts
 * import { credentialsIn } from "@sallyport/auth-core";
 *
 * const text = '{ "mcpServers": { "api": { "url": "https://api.example.com/mcp", "auth_token": { "env": "API_TOKEN" } } } }';
 * for (const { path, value } of credentialsIn(text)) console.log(`${path}: ${value}`);
 * // mcpServers.api.auth_token: env API_TOKEN
 * ```
 */
export function credentialsIn(text: string, { env = {} }: { readonly env?: Environment } = {}): readonly Credential[] {
  // What a value is can be told only in a sound configuration.
  parseConfigText(text, { expand: true, env });
  const written = readJsonText(text).value;
  const filled = readInput(written, "", env).value;
  const found: Credential[] = [];
  replaceSecrets(schemas().document, filled, [], (value, path, schema) => {
    const asWritten = at(written, path);
    const source = sourceOf(z.safeParse(schema, value, judging).data);
    found.push({
      server: String(path[1]),
      path: formatPath(path),
      value: source === undefined ? mask : describeWritten(asWritten),
      variables: [...new Set(textsIn(asWritten).flatMap(variablesIn))],
      ...(source && { source }),
    });
    return mask;
  });
  return found;
}

/**
 * The secrets that a parsed server was given, texts and sources, for keeping them out of diagnostics. The arguments of
 * a process and the query of a URL, which may hold secrets too, are not among them.
 *
 * @example
 * ```ts
 * import { parseServerConfig, secretsIn } from "@sallyport/auth-core";
 *
 * const server = parseServerConfig({ command: "mcp-server", env: { API_KEY: { env: "KEY" } } });
 * console.log(secretsIn(server)); // [{ env: "KEY" }]
 * ```
 */
export function secretsIn(server: ServerConfig): readonly SecretInput[] {
  const found: SecretInput[] = [];
  replaceSecrets(schemaOf(server), server, [], (value) => {
    if (typeof value === "function") found.push(value as () => string);
    else found.push(...(sourceOf(value) === undefined ? textsIn(value) : [value as SecretSource]));
    return mask;
  });
  return found;
}

/**
 * A parsed server that may be shown: each secret is `••••`, or what it is read from: `env API_TOKEN`. The arguments of
 * a process and the query of a URL, which may hold secrets too, are left as they are.
 *
 * @example
 * ```ts
 * import { maskSecrets, parseServerConfig } from "@sallyport/auth-core";
 *
 * const server = parseServerConfig({ url: "https://api.example.com/mcp", headers: { "X-API-Key": "demo-key" } });
 * console.log(maskSecrets(server)); // { …, headers: { "X-API-Key": "••••" } }
 * ```
 */
export function maskSecrets<Server extends ServerConfig>(server: Server): Server {
  const tell = (value: unknown): string => {
    const source = sourceOf(value);
    return source === undefined ? mask : describeSource(source);
  };
  // A text is a secret's type too.
  return replaceSecrets(schemaOf(server), server, [], tell) as Server;
}

/** The normal form of a server has the keys of its entry. */
function schemaOf({ kind }: ServerConfig): z.ZodType {
  return kind === "http" ? schemas().http : schemas().stdio;
}

type Replace = (value: unknown, path: Path, schema: z.core.$ZodType) => string;

/** A copy of a value that the schema has accepted, in which each secret is what `replace` makes of it. */
function replaceSecrets(schema: z.core.$ZodType, value: unknown, path: Path, replace: Replace): unknown {
  if (isSecret(schema)) return replace(value, path, schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
      return value === undefined ? value : replaceSecrets(def.innerType, value, path, replace);
    case "pipe":
      return replaceSecrets(def.in, value, path, replace);
    case "union": {
      const option = def.options.find((each) => z.safeParse(each, value, judging).success);
      if (option === undefined) throw new TypeError(`${formatPath(path)} is not of a parsed configuration.`);
      return replaceSecrets(option, value, path, replace);
    }
    case "object":
      return mapEntries(value, (key, item) => {
        const field = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
        return field === undefined ? item : replaceSecrets(field, item, [...path, key], replace);
      });
    case "record":
      return mapEntries(value, (key, item) => replaceSecrets(def.valueType, item, [...path, key], replace));
    default:
      return value;
  }
}

function mapEntries(value: unknown, map: (key: string, item: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, map(key, item)]));
}

function sourceOf(value: unknown): SecretSource | undefined {
  return secretSource().safeParse(value, judging).data;
}

/** A source as the file says it. A text is the path of a file, as in `tls`. */
function describeWritten(source: unknown): string {
  return describeSource(typeof source === "string" ? { file: source } : (source as SecretSource));
}

/** The texts that a value consists of. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce((within, key) => Reflect.get(within as object, key), value);
}
