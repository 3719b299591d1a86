/**
 * What to say about a name that is not known: the one that was probably meant, in the spelling the author uses.
 */
import { closestMatch } from "leven";

/** `authToken` as `auth_token`. A key of one word has one spelling. */
export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * What is wrong with a key that is not known.
 *
 * @param siblings - all keys of the object it stands in.
 * @param known - the keys that are known there, in camelCase.
 * @param hints - what to say to keys that other tools know, by camelCase name.
 */
export function unknownKey(
  key: string,
  siblings: readonly string[],
  known: readonly string[],
  hints: Readonly<Record<string, string>>,
): string {
  const hint = Object.entries(hints).find(([name]) => plain(name) === plain(key))?.[1];
  if (hint !== undefined) return `is not a known key: ${hint}`;
  const snake = writesSnakeCase(key, siblings);
  const spell = (name: string) => (snake ? snakeCase(name) : name);
  const meant = closest(key, known);
  if (meant !== undefined) return `is not a known key; did you mean ${spell(meant)}?`;
  return `is not a known key; there are ${known.map(spell).join(", ")}`;
}

/** The known name that `text` was probably meant to be. */
export function closest(text: string, known: readonly string[]): string | undefined {
  const written = plain(text);
  if (written.length > 40) return undefined;
  const maxDistance = Math.min(3, Math.ceil(written.length / 4));
  const match = closestMatch(written, known.map(plain), { maxDistance });
  return match === undefined ? undefined : known.find((name) => plain(name) === match);
}

/** A key with underscores, or without capitals beside keys that have them, is meant as snake_case. */
function writesSnakeCase(key: string, siblings: readonly string[]): boolean {
  if (key.includes("_")) return true;
  return !/[A-Z]/.test(key) && siblings.some((sibling) => sibling.includes("_"));
}

/** What two spellings of one name have in common. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}
