/**
 * Turns what zod found into problems a person can act on. Every message is built here or next to the rule that it
 * explains, from the schema's side alone: none holds a value of the configuration.
 */
import type * as z from "zod";
import type { ConfigProblem } from "../errors.ts";
import { formatPath, type Path } from "./path.ts";
import { writtenKey } from "./spelling.ts";
import { closest, snakeCase } from "./suggestions.ts";

type Issue = z.core.$ZodIssue;

/** What is wrong at one place, relative to the value that was judged. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** The other place that a conflict is with. */
  readonly conflictsWith?: Path;
}

/** A finding as errors report it. */
export function toProblem({ path, message, conflictsWith }: Finding, base: Path, prefix: string): ConfigProblem {
  const at = formatPath([...base, ...path], prefix);
  if (conflictsWith === undefined) {
    return { code: "config_invalid", path: at, message: at === "" ? `The configuration ${message}.` : message };
  }
  const other = formatPath([...base, ...conflictsWith], prefix);
  return { code: "config_conflict", path: at, message: `conflicts with ${other}: ${message}` };
}

/** What zod found in `value`, as one finding for each thing to change. */
export function findings(issues: readonly Issue[], value: unknown): Finding[] {
  return issues
    .flatMap((issue) => resolve(issue, []))
    .map(({ issue, path }) => explain(issue, written(path, value), value));
}

interface Located {
  readonly issue: Issue;
  readonly path: Path;
}

/** Follow an issue of a union to the issues of the branch that was probably meant. */
function resolve(issue: Issue, base: Path): Located[] {
  const path = [...base, ...issue.path.filter((part) => typeof part !== "symbol")];
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ issue, path }];
  let best: { distance: number; issues: readonly Issue[] } = { distance: mismatch, issues: [] };
  for (const issues of issue.errors) {
    const distance = issues.reduce((sum, each) => sum + distanceOf(each), 0);
    if (distance < best.distance) best = { distance, issues };
  }
  if (best.issues.length === 0) return [{ issue, path }];
  return best.issues.flatMap((each) => resolve(each, path));
}

const mismatch = 1000;

/** How strongly an issue says that another branch was meant: it is of another type, or has keys this one does not know. */
function distanceOf(issue: Issue): number {
  if (issue.code === "custom" && issue.params?.["unknownKey"] === true) return issue.path.length === 1 ? 1 : 0;
  if (issue.path.length > 0) return 0;
  const ofAnotherType = issue.code === "invalid_type" || issue.code === "invalid_value";
  if (ofAnotherType || (issue.code === "custom" && issue.params?.["mismatch"] === true)) return mismatch;
  return issue.code === "invalid_union"
    ? Math.min(mismatch, ...issue.errors.map((each) => each.reduce((sum, one) => sum + distanceOf(one), 0)))
    : 0;
}

/** A path in the spelling of the configuration: rules speak camelCase. */
function written(path: Path, value: unknown): Path {
  let at = value;
  return path.map((part) => {
    if (typeof at !== "object" || at === null) return part;
    const key = typeof part === "number" ? part : writtenKey(at, part);
    at = Reflect.get(at, key);
    return key;
  });
}

function explain(issue: Issue, path: Path, root: unknown): Finding {
  const value = path.reduce<unknown>(
    (at, part) => (typeof at === "object" && at !== null ? Reflect.get(at, part) : undefined),
    root,
  );
  switch (issue.code) {
    case "invalid_type":
      return { path, message: wrongType(issue.expected, value) };
    case "invalid_value":
      return { path, message: oneOf(issue.values, value) };
    case "invalid_union":
      if (value === undefined) return { path, message: "is missing" };
      if (issue.errors.length > 0) return { path, message: issue.message };
      return { path, message: oneOf("options" in issue && Array.isArray(issue.options) ? issue.options : [], value) };
    case "invalid_key":
      return { path, message: issue.issues[0]?.message ?? "is not a usable name" };
    case "custom": {
      const other: unknown = issue.params?.["conflictsWith"];
      if (typeof other !== "string") return { path, message: issue.message };
      return { path, message: issue.message, conflictsWith: [...path.slice(0, -1), other] };
    }
    default:
      return { path, message: issue.message };
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
};

function wrongType(expected: string, value: unknown): string {
  if (value === undefined) return "is missing";
  const wanted = `must be ${typeNames[expected] ?? expected}`;
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean"))
    return `${wanted}: put it in quotes`;
  return `${wanted}, not ${nameOf(value)}`;
}

function oneOf(values: readonly unknown[], value: unknown): string {
  const strings = values.filter((each) => typeof each === "string");
  // One spelling is enough to show.
  const names = strings.filter((name) => !strings.some((other) => other !== name && snakeCase(other) === name));
  if (value === undefined) return `is missing; it is one of ${names.join(", ")}`;
  const meant = typeof value === "string" ? closest(value, names) : undefined;
  return `must be one of ${names.join(", ")}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return (
    { string: "text", object: "an object", boolean: "true or false", function: "a function" }[typeof value as string] ??
    `a ${typeof value}`
  );
}
