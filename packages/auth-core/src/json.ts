/**
 * JSON that somebody else wrote: an object, or nothing.
 */

/** Whether a value is what JSON calls an object: no list, and not `null`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a text holds; `undefined` when it holds none. The parser's error would quote the text, and it may be secret. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
