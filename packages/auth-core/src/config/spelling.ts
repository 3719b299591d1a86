/**
 * Both spellings of every key. An object made with {@link spelled} accepts each of its keys in camelCase and in
 * snake_case and yields camelCase; this is the only place that knows that there are two.
 */
import * as z from "zod";
import { sameValue } from "./same-value.ts";
import { snakeCase, unknownKeys } from "./suggestions.ts";

/** A strict object that accepts both spellings and yields the keys of `Shape`. */
export type Spelled<Shape extends z.ZodRawShape> = z.ZodPipe<
  z.ZodObject<Shape>,
  z.ZodTransform<z.output<z.ZodObject<Shape>>, z.output<z.ZodObject<Shape>>>
>;

interface Twin {
  readonly camel: string;
  readonly snake: string;
  readonly required: boolean;
}

/** The spelling of `key` that `value` uses: the one that is there, else camelCase. */
export function writtenKey(value: object, key: string): string {
  return !Object.hasOwn(value, key) && Object.hasOwn(value, snakeCase(key)) ? snakeCase(key) : key;
}

/**
 * A strict object whose keys may be written in either spelling. Both spellings of one key are fine when they say the
 * same, and a conflict when they do not.
 *
 * @param hints - how to go on after "is not a known key" where other tools know it, and after "is missing" where it is
 * known, by camelCase name.
 */
export function spelled<const Shape extends Readonly<Record<string, z.ZodType>>>(
  shape: Shape,
  hints: Readonly<Record<string, string>> = {},
): Spelled<Shape> {
  const accepted: Record<string, z.ZodType> = {};
  const twins: Twin[] = [];
  for (const [camel, field] of Object.entries(shape)) {
    const snake = snakeCase(camel);
    if (snake === camel) {
      accepted[camel] = field;
      continue;
    }
    const required = field._zod.optin !== "optional";
    twins.push({ camel, snake, required });
    accepted[camel] = required ? field.exactOptional() : field;
    accepted[snake] = accepted[camel];
  }
  // "One of two keys is required" and "no other keys" are checked below, so JSON Schema needs to be told.
  const required = twins.filter((twin) => twin.required);
  const either = required.map(({ camel, snake }) => ({ anyOf: [{ required: [camel] }, { required: [snake] }] }));
  const object = z
    .looseObject(accepted)
    .superRefine(
      (value, context) => {
        for (const twin of twins) {
          const wrong = contradiction(value, twin, hints);
          if (wrong !== undefined) context.addIssue({ code: "custom", ...wrong });
        }
        for (const [key, message] of unknownKeys(value, Object.keys(accepted), Object.keys(shape), hints)) {
          context.addIssue({ code: "custom", path: [key], params: { unknownKey: true }, message });
        }
      },
      // Also when a known key is wrong: every problem is reported at once.
      { when: ({ value }) => typeof value === "object" && value !== null },
    )
    .meta({ additionalProperties: false, ...(either.length === 0 ? {} : { allOf: either }) });
  const merged = object.transform((value) => {
    const result: Record<string, unknown> = {};
    for (const camel of Object.keys(shape)) {
      const key = writtenKey(value, camel);
      if (Object.hasOwn(value, key)) result[camel] = value[key];
    }
    return result;
  });
  // The keys are computed, which the type system cannot follow: `accepted` is `shape` with a twin for some keys.
  return merged as unknown as Spelled<Shape>;
}

/** The literal of `type`, in both spellings. */
export function kind<const Type extends string>(
  type: Type,
): z.ZodPipe<z.ZodLiteral<string>, z.ZodTransform<Type, string>> {
  return z
    .literal<string[]>([...new Set([type, snakeCase(type)])])
    .describe("How to authenticate.")
    .transform(() => type);
}

/** What is wrong with the two spellings of one key, if anything. */
function contradiction(
  value: object,
  { camel, snake, required }: Twin,
  hints: Readonly<Record<string, string>>,
): { path: string[]; params: object; message: string } | undefined {
  const hasCamel = Object.hasOwn(value, camel);
  const hasSnake = Object.hasOwn(value, snake);
  if (required && !hasCamel && !hasSnake)
    return { path: [camel], params: {}, message: `is missing${hints[camel] ?? ""}` };
  if (!hasCamel || !hasSnake || sameValue(Reflect.get(value, camel), Reflect.get(value, snake))) return undefined;
  return {
    path: [snake],
    params: { conflictsWith: camel },
    message: "is another spelling of the same key with another value; keep one of them",
  };
}
