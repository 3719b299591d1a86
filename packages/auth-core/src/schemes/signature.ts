/**
 * HMAC signatures with a shared secret: by default over method, path and timestamp, in `X-API-Key`, `X-Timestamp` and
 * `X-Signature`. There is no standard; the form of the message is an option (design §3, RFC 2104).
 */

import { type Reading, Secret } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import type { Auth } from "./auth.ts";
import { headerName, headerWriter, setHeader } from "./header.ts";
import { type HmacForm, HmacScheme } from "./hmac.ts";
import type { SecretOptions } from "./options.ts";
import { sendSigned } from "./send-signed.ts";
import { SigningClock } from "./signing-clock.ts";

/** Options of {@link SignatureAuth}. */
export interface SignatureOptions extends HmacForm, SecretOptions {
  /** The time in milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Signs every request with a secret that is never sent. The default form is the hexadecimal HMAC-SHA-256 of method, path
 * and timestamp without anything between them, such as `POST/mcp1767225600`; the path is percent-encoded as it is sent and has no query.
 *
 * After a 401 the secrets are read again. When the `Date` of the refusal is more than 30 seconds away, the request is
 * signed once more at the server's time, which is kept if that is accepted.
 *
 * @example
 * ```ts
 * import { createAuthFetch, SignatureAuth } from "@sallyport/auth-core";
 *
 * const auth = new SignatureAuth("key-1", "shared-secret", {
 *   message: "{method}\n{path}{query}\n{timestamp}\n{nonce}\n{bodyHash}",
 * });
 * const fetch = createAuthFetch(auth);
 * ```
 */
export class SignatureAuth implements Auth {
  readonly #scheme: HmacScheme;
  readonly #clock: SigningClock;
  readonly #apiKey: Secret;
  readonly #apiSecret: Secret;
  readonly #keys: WeakMap<Reading, Promise<CryptoKey>> = new WeakMap();

  /**
   * @param apiKey - names the caller to the server. Sent.
   * @param apiSecret - key of the HMAC, in UTF-8. Never sent.
   * @throws SallyportError `config_invalid` when a header name or the message cannot be used; `credential_source_failed`
   * when the API key cannot stand in a header or the secret is empty. The flow throws `unauthorized` when a refusal shows
   * that the clocks are more than a day apart.
   */
  constructor(apiKey: SecretInput, apiSecret: SecretInput, options: SignatureOptions = {}) {
    this.#scheme = new HmacScheme(options);
    for (const name of Object.values(this.#scheme.headers)) headerName(name);
    this.#clock = new SigningClock(options.now);
    this.#apiKey = new Secret(apiKey, options.secrets, headerWriter(this.#scheme.headers.key));
    this.#apiSecret = new Secret(apiSecret, options.secrets, (text) => (text === "" ? { problem: "is empty" } : text));
  }

  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    // The driver sends the body itself: this reads the copy that belongs to the flow.
    const body = this.#scheme.readsBody ? await request.arrayBuffer() : undefined;
    yield* sendSigned(request, [this.#apiKey, this.#apiSecret], this.#clock, async ([key, secret], seconds) => {
      if (key === undefined || secret === undefined) return;
      await this.#sign(request, body, key.reveal(), await this.#importKey(secret), seconds);
    });
  }

  async #sign(
    request: Request,
    body: ArrayBuffer | undefined,
    apiKey: string,
    secret: CryptoKey,
    seconds: number,
  ): Promise<void> {
    const { headers } = this.#scheme;
    const [timestamp, nonce] = [`${seconds}`, this.#scheme.uses("nonce") ? crypto.randomUUID() : ""];
    const { method, url } = request;
    const message = await this.#scheme.message({ method, url, timestamp, nonce, body });
    setHeader(request, headers.key, apiKey);
    setHeader(request, headers.timestamp, timestamp);
    if (nonce !== "") setHeader(request, headers.nonce, nonce);
    setHeader(request, headers.signature, this.#scheme.write(await crypto.subtle.sign("HMAC", secret, message)));
  }

  #importKey(secret: Reading): Promise<CryptoKey> {
    const known = this.#keys.get(secret) ?? this.#scheme.importKey(secret.reveal());
    this.#keys.set(secret, known);
    return known;
  }
}
