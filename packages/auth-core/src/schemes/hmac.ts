/**
 * What both ends of an HMAC signature (RFC 2104) have in common: the signed message, the key, how a signature is written.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { fromBase64, fromHex, toBase64, toHex, utf8 } from "../http/bytes.ts";

/** Hash of the HMAC and of `{bodyHash}`. */
export type HmacAlgorithm = "sha256" | "sha384" | "sha512";

/** How a signature is written. */
export type HmacEncoding = "hex" | "base64";

/** What client and server must agree on. */
export interface HmacForm {
  /** Hash of the HMAC and of `{bodyHash}`. Default `sha256`. */
  readonly algorithm?: HmacAlgorithm | undefined;
  /** How the signature is written. Default `hex`, in lower case. */
  readonly encoding?: HmacEncoding | undefined;
  /** Header of the API key. Default `X-API-Key`. */
  readonly keyHeader?: string | undefined;
  /** Header of the timestamp, in seconds since 1970. Default `X-Timestamp`. */
  readonly timestampHeader?: string | undefined;
  /** Header of the signature. Default `X-Signature`. */
  readonly signatureHeader?: string | undefined;
  /** Header of the nonce, sent when the message has a `{nonce}`. Default `X-Nonce`. */
  readonly nonceHeader?: string | undefined;
  /**
   * The text that is signed, with these filled in:
   *
   * - `{method}`: as it is sent, `POST`
   * - `{path}`: as it is sent, percent-encoded, without the query: `/mcp`
   * - `{query}`: as it is sent, with its `?`; empty when there is none
   * - `{timestamp}`: the text of its header
   * - `{nonce}`: the text of its header
   * - `{body}`: the bytes of the body
   * - `{bodyHash}`: the hash of those bytes in lower-case hexadecimal, also when there are none
   *
   * Default `{method}{path}{timestamp}`, which protects neither query nor body;
   * `{method}\n{path}{query}\n{timestamp}\n{nonce}\n{bodyHash}`, with line breaks, protects both. Without them the end
   * of one part can be passed off as the beginning of the next.
   */
  readonly message?: string | undefined;
}

/** What stands for something of the request in a message. */
export type Placeholder = "method" | "path" | "query" | "timestamp" | "nonce" | "body" | "bodyHash";

const placeholders: readonly string[] = ["method", "path", "query", "timestamp", "nonce", "body", "bodyHash"];

/** The values of one request; `body` only has to be there when the message uses it. */
export interface SignedParts {
  readonly method: string;
  readonly url: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly body: ArrayBuffer | undefined;
}

/** A form with its defaults filled in. */
export class HmacScheme {
  readonly encoding: HmacEncoding;
  readonly headers: Readonly<Record<"key" | "timestamp" | "signature" | "nonce", string>>;
  readonly #hash: string;
  readonly #message: string;

  /** @throws SallyportError `config_invalid` when the form cannot be used. */
  constructor(form: HmacForm) {
    const { algorithm = "sha256", encoding = "hex", message = "{method}{path}{timestamp}" } = form;
    const hash = new Map(Object.entries(hashes)).get(algorithm);
    if (hash === undefined) throw invalid("`algorithm` must be sha256, sha384 or sha512");
    if (encoding !== "hex" && encoding !== "base64") throw invalid("`encoding` must be hex or base64");
    this.#hash = hash;
    this.encoding = encoding;
    this.#message = message;
    for (const [shown, name = ""] of message.matchAll(placeholder)) {
      if (placeholders.includes(name)) continue;
      throw invalid(
        `\`message\` has the unknown placeholder ${quoteForeign(shown)}; there are ${placeholders.map((known) => `{${known}}`).join(", ")}`,
      );
    }
    this.headers = {
      key: form.keyHeader ?? "X-API-Key",
      timestamp: form.timestampHeader ?? "X-Timestamp",
      signature: form.signatureHeader ?? "X-Signature",
      nonce: form.nonceHeader ?? "X-Nonce",
    };
    const names = Object.values(this.headers).map((name) => name.toLowerCase());
    if (new Set(names).size < names.length) throw invalid("two of its headers have the same name");
  }

  /** Whether the message has a placeholder. */
  uses(name: Placeholder): boolean {
    return this.#message.includes(`{${name}}`);
  }

  get readsBody(): boolean {
    return this.uses("body") || this.uses("bodyHash");
  }

  async importKey(secret: string): Promise<CryptoKey> {
    const algorithm = { name: "HMAC", hash: this.#hash };
    return crypto.subtle.importKey("raw", utf8(secret), algorithm, false, ["sign", "verify"]);
  }

  /** The bytes that are signed. */
  async message(parts: SignedParts): Promise<Uint8Array<ArrayBuffer>> {
    const { pathname, search } = new URL(parts.url);
    const body = parts.body ?? new ArrayBuffer(0);
    const bodyHash = this.uses("bodyHash") ? toHex(await crypto.subtle.digest(this.#hash, body)) : "";
    const { method, timestamp, nonce } = parts;
    const values: Record<string, string | ArrayBuffer> = {
      method,
      path: pathname,
      query: search,
      timestamp,
      nonce,
      body,
      bodyHash,
    };
    // A split by a pattern with a group gives text and names in turn.
    const pieces = this.#message.split(placeholder).map((piece, index) => (index % 2 === 0 ? piece : values[piece]));
    return new Uint8Array(await new Blob(pieces.map((piece) => piece ?? "")).arrayBuffer());
  }

  write(signature: ArrayBuffer): string {
    return this.encoding === "hex" ? toHex(signature) : toBase64(signature);
  }

  /** The bytes of a signature; `undefined` when it is not written as it should be. */
  read(text: string): Uint8Array<ArrayBuffer> | undefined {
    return this.encoding === "hex" ? fromHex(text) : fromBase64(text);
  }
}

const hashes: Readonly<Record<HmacAlgorithm, string>> = { sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" };

const placeholder = /\{(\w*)\}/g;

function invalid(problem: string): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `An HMAC signature cannot be made like this: ${problem}.`);
}
