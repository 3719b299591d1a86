/**
 * Masks secrets in text that somebody else has written. A server may send a credential back in the text of an error,
 * and that text may end up in a message, a log or a stack trace.
 */

/** What stands for a secret wherever one is shown. */
export const mask = "••••";

// Masking every "a" of a message because a password is "a" would hide the message and give the password away.
const shortest = 6;
// Signatures differ with every request: what was sent long ago is forgotten first.
const most = 500;

/**
 * Knows secrets, and masks them wherever they turn up.
 *
 * @example
 * ```ts
 * import { Redactor } from "@sallyport/auth-core/redactor";
 *
 * const redactor = new Redactor();
 * redactor.add("Bearer demo-token");
 * redactor.redact("demo-token is not known here"); // "•••• is not known here"
 * ```
 */
export class Redactor {
  readonly #secrets = new Set<string>();

  /** Mask this text from now on, also as it looks in a query, in JSON, and without the scheme in front of it. Shorter than 6 characters it is left alone. */
  add(secret: string): void {
    if (secret.length < shortest) return;
    this.#remember(secret);
    this.#remember(new URLSearchParams({ "": secret }).toString().slice(1));
    this.#remember(JSON.stringify(secret).slice(1, -1));
    const word = /^[A-Za-z]+ +(\S{6,})$/.exec(secret)?.[1];
    if (word !== undefined) this.#remember(word);
  }

  /** The text with every known secret masked. */
  redact(text: string): string {
    // Longest first: a secret may contain another one.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    return secrets.reduce((result, secret) => result.replaceAll(secret, mask), text);
  }

  #remember(text: string): void {
    this.#secrets.delete(text);
    this.#secrets.add(text);
    const [oldest] = this.#secrets;
    if (this.#secrets.size > most && oldest !== undefined) this.#secrets.delete(oldest);
  }
}
