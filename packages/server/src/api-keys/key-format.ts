/**
 * What an API key looks like: `sp_<id>_<secret><checksum>`. The prefix says whose it is, so that scanners for leaked secrets
 * recognise it; the id finds its record and is no secret; the secret has 256 bits; the checksum lets a typo be refused without a look-up.
 */
import { SallyportError } from "@sallyport/auth-core";
import { base62, checksum } from "./checksum.ts";

/** A text that is an API key by its form. Whether it is one that was given out is another question. */
export interface ParsedKey {
  readonly prefix: string;
  readonly id: string;
}

const form = /^([a-z][a-z0-9]{0,15})_([a-z0-9]{16})_[A-Za-z0-9]{43}([A-Za-z0-9]{6})$/;

/** Take an API key of any prefix apart; `undefined` when it is none, or its checksum is wrong. */
export function parseKey(text: string): ParsedKey | undefined {
  const [, prefix, id, sum] = form.exec(text) ?? [];
  if (prefix === undefined || id === undefined || checksum(text.slice(0, -6)) !== sum) return undefined;
  return { prefix, id };
}

/** Whether a text is an id by its form: safe in a file name and as part of a key of a database. */
export function isKeyId(text: string): boolean {
  return /^[a-z0-9]{16}$/.test(text);
}

/** A new id. Lower case: file systems that ignore case keep ids apart. */
export function newKeyId(): string {
  return randomText(16, base62.slice(0, 10) + base62.slice(36));
}

/** A key with a new secret. */
export function newKey(prefix: string, id: string): string {
  const text = `${prefix}_${id}_${randomText(43, base62)}`;
  return text + checksum(text);
}

/** @throws SallyportError (`config_invalid`) when keys could not begin with it. */
export function checkPrefix(prefix: string): string {
  if (/^[a-z][a-z0-9]{0,15}$/.test(prefix)) return prefix;
  throw new SallyportError(
    "config_invalid",
    "apiKeys: prefix: must be 1 to 16 lower-case letters and digits, a letter first.",
  );
}

function randomText(length: number, alphabet: string): string {
  // Bytes over the last whole multiple are thrown away, or the first letters would be likelier.
  const bound = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < bound && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
