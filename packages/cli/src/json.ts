/**
 * JSON from outside. The engine's own messages quote the text, which may hold a credential, so only the place is kept.
 */

/** The value, or what is wrong, as the end of a sentence. */
export function parseJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1];
    return { problem: `it is not valid JSON${position === undefined ? "" : ` (at ${place(text, Number(position))})`}` };
  }
}

function place(text: string, position: number): string {
  const lines = text.slice(0, position).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}

/** An object, not an array and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
