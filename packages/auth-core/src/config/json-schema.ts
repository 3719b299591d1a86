/**
 * The config schema for editors, JSON Schema draft 2020-12, generated from the schema that `parseConfig` judges with.
 */
import * as z from "zod";
import { schemas } from "./schema.ts";

/**
 * JSON Schema (draft 2020-12) of a config file, with both spellings of every key. Texts with `${VAR}` in them pass
 * wherever a pattern applies: what they become is known only when the file is read.
 *
 * Rules that compare keys with each other, such as one source for each header, are `parseConfig`'s alone.
 *
 * @example
 * ```ts
 * import { configJsonSchema } from "@sallyport/auth-core";
 *
 * console.log(JSON.stringify(configJsonSchema(), null, 2));
 * ```
 */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(schemas().document, {
    target: "draft-2020-12",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema, path }) => {
      const { def } = zodSchema._zod;
      // Functions and instances are for code: a file cannot hold them.
      if (def.type === "union" && jsonSchema.anyOf !== undefined) {
        const { options } = def as z.core.$ZodUnionDef;
        jsonSchema.anyOf = jsonSchema.anyOf.filter((_, index) => options[index]?._zod.def.type !== "custom");
      }
      // Variables stand in values, never in keys.
      if (path.at(-1) === "propertyNames") return;
      for (const part of [jsonSchema, ...(jsonSchema.allOf ?? [])]) {
        if (typeof part === "object" && part.pattern !== undefined) part.pattern = orVariable(part.pattern);
      }
    },
  });
}

const variable = String.raw`|\$\{`;

/** A schema that describes another inherits its pattern, and comes by here a second time. */
function orVariable(pattern: string): string {
  return pattern.endsWith(variable) ? pattern : `(?:${pattern})${variable}`;
}
