/**
 * Where something stands in a configuration, as a person would point at it: `mcpServers.api.args[2]`.
 */
import { quoteForeign } from "../errors.ts";

/** Keys and indexes from the document to a value. */
export type Path = readonly (string | number)[];

/** A path as messages show it, after `prefix`. Keys that are not plain words are quoted, so that they cannot forge text. */
export function formatPath(path: Path, prefix = ""): string {
  let text = prefix;
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w$-]{1,80}$/.test(part)) text += text === "" ? part : `.${part}`;
    // `"Authorization: Bearer …"` as a key has the secret in it.
    else text += `[${quoteForeign(part.replace(/([:=]).+$/s, "$1…"), 80)}]`;
  }
  return text;
}
