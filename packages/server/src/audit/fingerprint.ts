/**
 * Keyed fingerprints: they tell credentials apart and give nothing of them away. 96 bits of SHA-256 over a key and the text; cut
 * off like this, the hash cannot be continued by who does not know the key.
 */
import { tokenDigest } from "../verification/token-digest.ts";

/** Makes fingerprints with one key. */
export class Fingerprints {
  readonly #key: string;

  /** @param key - secret. Default: one of this process. */
  constructor(key: string = randomKey()) {
    this.#key = key;
  }

  /** 16 characters of base64url. */
  of(text: string): string | Promise<string> {
    const digest = tokenDigest(`${this.#key.length}:${this.#key}${text}`);
    return typeof digest === "string" ? digest.slice(0, 16) : digest.then((late) => late.slice(0, 16));
  }
}

function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
