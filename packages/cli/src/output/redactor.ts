/**
 * The last line of defence for diagnostics: a server may send a token back in an error's text, and that text may end
 * up in a message or a stack trace. Whatever was used as a secret in this run is masked in everything that goes out
 * as a diagnostic.
 */

/** What stands for a secret wherever one is shown. */
export const mask = "••••";

// Masking every "a" of a message because a password is "a" would hide the message and give the password away.
const shortest = 6;

/** Knows the secrets of this run. */
export class Redactor {
  readonly #secrets = new Set<string>();

  /** Mask this text from now on, also as it looks in a query, in JSON, and without the scheme in front of it. */
  add(secret: string): void {
    if (secret.length < shortest) return;
    this.#secrets.add(secret);
    this.#secrets.add(new URLSearchParams({ "": secret }).toString().slice(1));
    this.#secrets.add(JSON.stringify(secret).slice(1, -1));
    const word = /^[A-Za-z]+ +(\S{6,})$/.exec(secret)?.[1];
    if (word !== undefined) this.#secrets.add(word);
  }

  /** The text with every known secret masked. */
  redact(text: string): string {
    // Longest first: a secret may contain another one.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    return secrets.reduce((result, secret) => result.replaceAll(secret, mask), text);
  }
}
