/**
 * What to say about a name that is not known: the one that was probably meant, in the spelling the author uses.
 */
import { closestMatch } from "leven";

/** `authToken` as `auth_token`. A key of one word has one spelling. */
export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * What to say about the keys of an object that are not known.
 *
 * @param accepted - the known keys in both spellings.
 * @param known - the known keys in camelCase.
 * @param hints - how to go on after "is not a known key" where other tools know it, by camelCase name.
 */
export function* unknownKeys(
  value: object,
  accepted: readonly string[],
  known: readonly string[],
  hints: Readonly<Record<string, string>>,
): Generator<[key: string, message: string]> {
  const keys = Object.keys(value);
  const unknown = keys.filter((key) => !accepted.includes(key));
  const usual = keys.some((key) => key.includes("_"));
  for (const key of unknown.slice(0, shown)) {
    // A key without capitals is meant in the style of the keys beside it.
    const snake = key.includes("_") || (usual && !/[A-Z]/.test(key));
    const spell = (name: string) => (snake ? snakeCase(name) : name);
    const meant = closest(key, [...known, ...Object.keys(hints)]);
    if (meant === undefined) yield [key, `is not a known key; there are ${known.map(spell).join(", ")}`];
    else yield [key, `is not a known key${known.includes(meant) ? `; did you mean ${spell(meant)}?` : hints[meant]}`];
  }
  const [next] = unknown.slice(shown);
  if (next !== undefined) yield [next, `and ${unknown.length - shown - 1} more are not known keys`];
}

// More than this are not slips.
const shown = 20;

/** The known name that `text` was probably meant to be. */
export function closest(text: string, known: readonly string[]): string | undefined {
  if (text.length > 40) return undefined;
  const written = plain(text);
  const maxDistance = Math.min(3, Math.ceil(written.length / 4));
  const match = closestMatch(written, known.map(plain), { maxDistance });
  return match === undefined ? undefined : known.find((name) => plain(name) === match);
}

/** What two spellings of one name have in common. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}
