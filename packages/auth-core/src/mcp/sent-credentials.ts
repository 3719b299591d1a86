/**
 * Remembers the credentials that a session has sent, so that what the server says can be shown without them
 * (pain 30): a server may repeat a token in the text of its refusal.
 */
import type { AuthSetting } from "../config/types.ts";
import { quoteForeign } from "../errors.ts";
import { mayBeCredential } from "../fetch/headers.ts";
import { Redactor } from "../redactor.ts";
import type { ConnectionFetch } from "./sdk.ts";

export class SentCredentials {
  readonly #redactor = new Redactor();
  readonly #prefix: string;

  /** @param auth - how the session authenticates: what it writes before a key is not part of the key. */
  constructor(auth?: AuthSetting) {
    this.#prefix = auth !== undefined && "prefix" in auth && typeof auth.prefix === "string" ? auth.prefix : "";
  }

  /** A `fetch` whose requests are looked at before they are sent. */
  watch(send: ConnectionFetch): ConnectionFetch {
    return (input, init) => {
      const { url, headers } = input instanceof Request ? input : { url: String(input), headers: init?.headers };
      this.#note(new URL(url), new Headers(init?.headers ?? headers));
      return send(input, init);
    };
  }

  /** Text of the server as a message may show it: masked, JSON-encoded and at most `limit` characters long. */
  quote(text: string, limit?: number): string {
    return quoteForeign(this.#redactor.redact(text), limit);
  }

  /** Whether an error, or what it was caused by, would show a credential to whoever prints it. */
  shows(error: unknown): boolean {
    for (let link = error, depth = 0; link instanceof Error && depth < 10; link = link.cause, depth++) {
      const text = `${link.message}\n${link.stack}\n${json(link)}`;
      if (this.#redactor.redact(text) !== text) return true;
    }
    return false;
  }

  #note(url: URL, headers: Headers): void {
    for (const [name, value] of headers) if (mayBeCredential(name)) this.#add(value);
    for (const value of url.searchParams.values()) this.#add(value);
  }

  #add(value: string): void {
    this.#redactor.add(value);
    if (value.startsWith(this.#prefix)) this.#redactor.add(value.slice(this.#prefix.length));
    // The pair of Basic, and the values of cookies and of parameters such as `response="…"`.
    const basic = /^basic +(\S+)$/i.exec(value)?.[1];
    const parts = basic === undefined ? value.split(/[\s;,]+/) : decoded(basic).split(/:(.*)/s);
    for (const part of parts) this.#redactor.add(basic === undefined ? part.replace(/^[^=]*="?|"$/g, "") : part);
  }
}

function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    return "";
  }
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}
