/**
 * Variables in the strings of a config file: `${VAR}`, `${VAR:-default}` and `${env:VAR}`, as a shell reads them.
 * There is no escape: after expansion a `${` can only come from a variable's value, which is never expanded again.
 */

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its variables filled in, or what kept it from that. Neither message holds a value. */
export type Expansion =
  | { readonly text: string }
  | { readonly code: "config_invalid" | "config_env_missing"; readonly messages: readonly string[] };

// `${` up to the first `}`; what is between is judged by `variable` below.
const placeholder = /\$\{([^}]*)(\}?)/g;
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Fill in the variables of one string.
 *
 * `${VAR:-default}` takes the default when `VAR` is unset or empty; `${VAR}` needs `VAR` to be set.
 *
 * @param limit - how many characters the variables may add.
 */
export function interpolate(text: string, env: Environment, limit: number): Expansion {
  const malformed: string[] = [];
  const missing = new Set<string>();
  let added = 0;
  const expanded = text.replace(placeholder, (_, inside: string, end: string, offset: number) => {
    const [, name, fallback] = end === "" ? [] : (variable.exec(inside) ?? []);
    if (name === undefined || fallback?.includes("${") === true || text[offset - 1] === "$") {
      malformed.push(explain(inside, end, text[offset - 1] === "$"));
      return "";
    }
    // `env` may be any object: a variable called `constructor` is not set because objects have one.
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined && fallback === undefined) missing.add(name);
    const filled = value === undefined || value === "" ? (fallback ?? "") : value;
    added += filled.length;
    return added > limit ? "" : filled;
  });
  if (added > limit) malformed.push(`expands to more than ${limit} characters`);
  if (malformed.length > 0) return { code: "config_invalid", messages: [...new Set(malformed)] };
  if (missing.size === 0) return { text: expanded };
  const messages = [...missing].map(
    (name) => `the environment variable ${name} is not set; set it, or give a default: \${${name}:-default}`,
  );
  return { code: "config_env_missing", messages };
}

/** Names of the variables in a text, as often as they are there. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(placeholder)].flatMap(([, inside = ""]) => variable.exec(inside)?.[1] ?? []);
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a variable is written.
const forms = "write ${VAR}, ${VAR:-default} or ${env:VAR}";

/** Why `${…}` is not a variable. The text between the braces may be a secret and is left out. */
function explain(inside: string, end: string, escaped: boolean): string {
  if (escaped) return "has `$${`, which means different things to different tools; keep such a text in a variable";
  if (end === "") return `has an opening \`\${\` without its closing brace; ${forms}`;
  if (inside.includes("${")) return "has a variable inside a variable; a default is plain text";
  const prefix = /^(input|workspaceFolder|userHome|config|command|file):/.exec(inside)?.[1];
  if (prefix !== undefined) return `has \${${prefix}:…}, which only some editors know; ${forms}`;
  return `has a placeholder that is not a variable; ${forms}`;
}
