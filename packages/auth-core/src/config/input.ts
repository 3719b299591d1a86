/**
 * Reads a configuration once, before anything judges it: a bounded copy with its variables filled in. What comes out is
 * plain data without prototypes, plus the functions and `Auth` instances that code may pass.
 */
import { ConfigError, type ConfigProblem } from "../errors.ts";
import { isAuth } from "../schemes/auth.ts";
import { type Environment, interpolate } from "./interpolate.ts";
import { formatPath, type Path } from "./path.ts";
import { isData } from "./same-value.ts";

/** Bounds of a configuration. Real ones are a hundred times smaller. */
export const limits = { characters: 1_048_576, depth: 32, values: 50_000 } as const;

/** What was read. */
export interface Input {
  readonly value: unknown;
  /** What is put in front of every path. */
  readonly prefix: string;
  readonly problems: readonly ConfigProblem[];
  /** Paths of values that could not be read. Nothing more can be said about them. */
  readonly unreadable: ReadonlySet<string>;
  /** Paths of everything that an unreadable value stands in, and its own. */
  readonly incomplete: ReadonlySet<string>;
}

/**
 * Copy a configuration and fill in its variables.
 *
 * @param prefix - put in front of every path.
 * @param env - expand `${…}` from here; `undefined` leaves strings as they are.
 * @throws {ConfigError} `config_invalid` at once when it is beyond {@link limits}: judging it would take too long.
 */
export function readInput(source: unknown, prefix: string, env: Environment | undefined): Input {
  const problems: ConfigProblem[] = [];
  const unreadable = new Set<string>();
  const incomplete = new Set<string>();
  let characters = 0;
  let values = 0;

  return { value: copy(source, []), prefix, problems, unreadable, incomplete };

  function copy(value: unknown, path: Path): unknown {
    values += 1;
    if (values > limits.values) throw beyond(`has more than ${limits.values} values`);
    if (path.length > limits.depth) throw beyond(`is nested more than ${limits.depth} levels deep`);
    if (typeof value === "string") return text(value, path);
    if (typeof value !== "object" || value === null || isAuth(value)) return value;
    if (Array.isArray(value) && value.length > limits.values) throw beyond(`has more than ${limits.values} values`);
    if (Array.isArray(value)) return value.map((item: unknown, index) => copy(item, [...path, index]));
    if (!isData(value)) {
      report("config_invalid", path, "must be plain data: an instance of a class has no place here");
      return undefined;
    }
    return object(value, path);
  }

  function object(value: object, path: Path): object {
    // Without a prototype a server called `constructor` is just a name.
    const result: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(value)) {
      count(key);
      const at = [...path, key];
      if (key === "__proto__") {
        report("config_invalid", at, "is not a usable name; choose another");
        continue;
      }
      const item: unknown = Reflect.get(value, key);
      if (item !== undefined) result[key] = copy(item, at);
    }
    return result;
  }

  function text(value: string, path: Path): string {
    count(value);
    if (env === undefined || !value.includes("${")) return value;
    const expansion = interpolate(value, env, limits.characters);
    if ("text" in expansion) {
      count(expansion.text);
      return expansion.text;
    }
    for (const message of expansion.messages) report(expansion.code, path, message);
    return value;
  }

  function count(added: string): void {
    characters += added.length;
    if (characters > limits.characters) throw beyond(`is larger than ${limits.characters} characters`);
  }

  function report(code: ConfigProblem["code"], path: Path, message: string): void {
    problems.push({ code, path: formatPath(path, prefix), message });
    unreadable.add(formatPath(path, prefix));
    for (let depth = path.length; depth >= 0; depth -= 1) incomplete.add(formatPath(path.slice(0, depth), prefix));
  }
}

function beyond(how: string): ConfigError {
  return new ConfigError([{ code: "config_invalid", path: "", message: `The configuration ${how}.` }]);
}
