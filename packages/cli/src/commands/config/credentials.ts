/**
 * Where the credentials of a config file stand, and what each of them is taken from (anthropics/claude-code#91199).
 * The parsed form no longer says that, so this looks at the file as it was written.
 */
import { readFileSync } from "node:fs";
import type { SecretSource } from "@sallyport/auth-core";
import type { Environment } from "../../io.ts";
import { isObject } from "../../json.ts";
import { isPlainField, maskSecret } from "../../output/describe-server.ts";

/** One place in a config file that holds a credential. Holds nothing of it. */
export interface Credential {
  readonly server: string;
  /** As written: `mcpServers.api.auth_token`. */
  readonly path: string;
  /** `••••`, or what it is read from: `env API_TOKEN`, `file ./token`. */
  readonly value: string;
  /** The variables in it. */
  readonly variables: readonly string[];
  /** Where it is read from, its variables filled in, when it does not stand in the file. */
  readonly source?: SecretSource;
}

/**
 * Every credential in a config file.
 *
 * @param file - path of a file that has been read as a configuration without a problem.
 * @param env - the variables it was read with.
 */
export function credentialsIn(file: string, env: Environment): Credential[] {
  const document = read(file);
  const found: Credential[] = [];
  for (const [key, servers] of entriesOf(document)) {
    if (camelCase(key) !== "mcpServers") continue;
    for (const [server, entry] of entriesOf(servers)) {
      for (const [path, secret] of secretsIn(entry)) {
        found.push({ server, path: [key, server, ...path].join("."), ...describe(secret, env) });
      }
    }
  }
  return found;
}

type Located = readonly [path: readonly string[], secret: string | SecretSource];

function secretsIn(entry: unknown): Located[] {
  return entriesOf(entry).flatMap(([key, value]): Located[] => {
    switch (camelCase(key)) {
      case "authToken":
        return locate([key], value);
      case "auth":
        return typeof value === "string"
          ? locate([key], value)
          : entriesOf(value).flatMap(([field, secret]) =>
              isPlainField(camelCase(field)) ? [] : locate([key, field], secret),
            );
      case "headers":
      case "env":
        return entriesOf(value).flatMap(([name, secret]) => locate([key, name], secret));
      default:
        return [];
    }
  });
}

/** A secret, or those inside an object such as the `headers` of an `auth`. */
function locate(path: readonly string[], value: unknown): Located[] {
  if (typeof value === "string") return [[path, value]];
  if (isSource(value)) return [[path, value]];
  return entriesOf(value).flatMap(([key, inner]) =>
    isPlainField(camelCase(key)) ? [] : locate([...path, key], inner),
  );
}

function describe(secret: string | SecretSource, env: Environment): Pick<Credential, "value" | "variables" | "source"> {
  const texts = typeof secret === "string" ? [secret] : Object.values(secret).flat();
  const names = texts.flatMap((text) => [...text.matchAll(variable)].map(([, name]) => name ?? ""));
  const described = { value: maskSecret(secret), variables: [...new Set(names)] };
  return typeof secret === "string" ? described : { ...described, source: fillIn(secret, env) };
}

const variable = /\$\{(?:env:)?(\w+)(?::-([^}]*))?\}/g;

/** A source with its variables filled in: that all of them can be is known by now. */
function fillIn(source: SecretSource, env: Environment): SecretSource {
  const fill = (text: string): string =>
    text.replace(variable, (_, name: string, fallback = "") => env[name] || fallback);
  if ("env" in source) return { env: fill(source.env) };
  return "file" in source ? { file: fill(source.file) } : source;
}

function isSource(value: unknown): value is SecretSource {
  if (!isObject(value) || Object.keys(value).length !== 1) return false;
  return typeof value["env"] === "string" || typeof value["file"] === "string" || Array.isArray(value["command"]);
}

/** The file's JSON. It was found valid before, so that what is not JSON in it is a comment or a trailing comma. */
function read(file: string): unknown {
  const string = '"(?:\\\\.|[^"\\\\])*"';
  const comments = new RegExp(`(${string})|//[^\\n\\r]*|/\\*[^]*?\\*/`, "g");
  const commas = new RegExp(`(${string})|,(?=\\s*[}\\]])`, "g");
  const keep = (_: string, text: string | undefined): string => text ?? " ";
  return JSON.parse(
    readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .replace(comments, keep)
      .replace(commas, keep),
  );
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
