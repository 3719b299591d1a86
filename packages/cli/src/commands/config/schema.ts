/**
 * `sallyport config schema`: the JSON Schema of config files.
 */
import { configJsonSchema } from "@sallyport/auth-core";
import type { Outcome } from "../../context.ts";

export async function schema(): Promise<Outcome> {
  const data = configJsonSchema();
  return { data, text: () => JSON.stringify(data, null, 2) };
}
