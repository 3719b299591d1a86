/**
 * HTTP message signatures (RFC 9421) with the digest of the body (RFC 9530).
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { toBase64, utf8 } from "../http/bytes.ts";
import { type Reading, Secret } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import type { Auth } from "./auth.ts";
import { contentDigest } from "./content-digest.ts";
import { setHeader } from "./header.ts";
import { type Component, componentId, componentValue, parseComponent, signatureBase } from "./http-signature-base.ts";
import type { SecretOptions } from "./options.ts";
import { sendSigned } from "./send-signed.ts";
import {
  type HttpSignatureAlgorithm,
  importSignatureKey,
  readSignatureKey,
  type SignatureKey,
  signBytes,
} from "./signature-key.ts";
import { SigningClock } from "./signing-clock.ts";

/** Options of {@link HttpSignatureAuth}. */
export interface HttpSignatureOptions extends SecretOptions {
  /** Default: the one that fits the key. A shared secret that is no JWK needs `hmac-sha256` here. */
  readonly algorithm?: HttpSignatureAlgorithm | undefined;
  /**
   * What is signed: headers in lower case, `@method`, `@target-uri`, `@authority`, `@scheme`, `@request-target`, `@path`,
   * `@query`, `@query-param;name="…"`. A header that a request does not have is left out of its signature, as is
   * `content-digest` without a body; so are those that the runtime adds later, such as `host`, `content-length` and `user-agent`. Default `@method`, `@target-uri`, `content-type`, `content-digest`.
   */
  readonly components?: readonly string[] | undefined;
  /** Label of the signature. Default `sig1`. */
  readonly label?: string | undefined;
  /** What the signature is for, as the parameter `tag`. Default: none. */
  readonly tag?: string | undefined;
  /** Lifetime in seconds, as the parameter `expires`. Default: none; the server limits the age of `created`. */
  readonly expiresIn?: number | undefined;
  /** Whether each signature has a random `nonce`, without which a replay looks like a repetition. Default true. */
  readonly nonce?: boolean | undefined;
  /** Whether the algorithm is named in the parameter `alg`; a server knows it by the key. Default false. */
  readonly alg?: boolean | undefined;
  /** Algorithm of the `Content-Digest`. Default `sha-256`. */
  readonly digest?: "sha-256" | "sha-512" | undefined;
  /** The time in milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Signs every request with a key (RFC 9421). `Content-Digest` is added where it is signed and the request has a body.
 *
 * After a 401 the key is read again. When the `Date` of the refusal is more than 30 seconds away, the request is signed
 * once more at the server's time, which is kept if that is accepted.
 *
 * @example
 * ```ts
 * import { createAuthFetch, HttpSignatureAuth } from "@sallyport/auth-core";
 *
 * declare const readPrivateKey: () => Promise<string>;
 *
 * const auth = new HttpSignatureAuth("client-1", readPrivateKey, {
 *   algorithm: "ed25519",
 *   components: ["@method", "@target-uri", "content-digest", "mcp-session-id"],
 * });
 * const fetch = createAuthFetch(auth);
 * ```
 */
export class HttpSignatureAuth implements Auth {
  readonly #keyId: string;
  readonly #key: Secret;
  readonly #components: readonly Component[];
  readonly #options: HttpSignatureOptions;
  readonly #clock: SigningClock;
  readonly #keys: WeakMap<Reading, Promise<SignatureKey>> = new WeakMap();

  /**
   * @param keyId - names the key to the server, as the parameter `keyid`.
   * @param key - the private key as PEM (PKCS#8) or JWK text; for `hmac-sha256` the shared secret, or a JWK of type `oct`.
   * @throws SallyportError `config_invalid` when a component, the label or another option cannot be used;
   * `credential_source_failed` when the key is not in a supported form or does not fit the algorithm. The flow throws
   * `config_invalid` when a request does not have a query parameter that is to be signed, or has it twice, and
   * `unauthorized` when a refusal shows that the clocks are more than a day apart.
   */
  constructor(keyId: string, key: SecretInput, options: HttpSignatureOptions = {}) {
    const { label = "sig1", tag = "", expiresIn = 1, algorithm } = options;
    if (keyId === "" || !isText(keyId)) throw invalid("`keyId` must be visible ASCII text");
    if (!isText(tag)) throw invalid("`tag` must be visible ASCII text");
    if (!/^[a-z*][a-z0-9_.*-]*$/.test(label)) {
      throw invalid("`label` must begin with a lower-case letter and have only lower-case letters, digits and _-.*");
    }
    if (!(Number.isInteger(expiresIn) && expiresIn > 0)) throw invalid("`expiresIn` must be whole seconds above 0");
    this.#components = readComponents(options.components ?? defaultComponents);
    this.#keyId = keyId;
    this.#options = options;
    this.#clock = new SigningClock(options.now);
    this.#key = new Secret(key, options.secrets, (text) => {
      const data = readSignatureKey(text, "sign", algorithm);
      return "problem" in data ? data : text;
    });
  }

  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    if (this.#components.some(({ name }) => name === "content-digest")) {
      // The driver sends the body itself: this reads the copy that belongs to the flow.
      const body = await request.arrayBuffer();
      if (body.byteLength > 0) setHeader(request, "Content-Digest", await contentDigest(body, this.#options.digest));
    }
    yield* sendSigned(request, [this.#key], this.#clock, async ([reading], seconds) => {
      if (reading !== undefined) await this.#sign(request, await this.#importKey(reading), seconds);
    });
  }

  async #sign(request: Request, key: SignatureKey, seconds: number): Promise<void> {
    const { label = "sig1" } = this.#options;
    const lines = this.#components.flatMap((component): [Component, string][] => {
      const value = componentValue(component, request);
      if (value === undefined && component.parameter !== undefined) throw notOne(component.parameter);
      return value === undefined ? [] : [[component, value]];
    });
    const identifiers = lines.map(([component]) => componentId(component)).join(" ");
    const params = `(${identifiers})${this.#parameters(key.algorithm, seconds)}`;
    const signature = await signBytes(key, utf8(signatureBase(lines, params)));
    setHeader(request, "Signature-Input", `${label}=${params}`);
    setHeader(request, "Signature", `${label}=:${toBase64(signature)}:`);
  }

  #parameters(algorithm: string, created: number): string {
    const { expiresIn, alg = false, nonce = true, tag } = this.#options;
    return [
      `;created=${created}`,
      expiresIn === undefined ? "" : `;expires=${created + expiresIn}`,
      `;keyid=${quoted(this.#keyId)}`,
      alg ? `;alg="${algorithm}"` : "",
      nonce ? `;nonce="${crypto.randomUUID()}"` : "",
      tag === undefined ? "" : `;tag=${quoted(tag)}`,
    ].join("");
  }

  #importKey(reading: Reading): Promise<SignatureKey> {
    const known = this.#keys.get(reading) ?? importKey(reading.reveal(), this.#options.algorithm);
    this.#keys.set(reading, known);
    return known;
  }
}

const defaultComponents: readonly string[] = ["@method", "@target-uri", "content-type", "content-digest"];

function readComponents(texts: readonly string[]): Component[] {
  const components = texts.map((text) => {
    const component = parseComponent(text);
    if ("problem" in component) throw invalid(`the component ${quoteForeign(text)} ${component.problem}`);
    return component;
  });
  if (new Set(components.map(componentId)).size < components.length) throw invalid("a component is there twice");
  return components;
}

/** Whether a text can be a structured field's string, RFC 9651 §3.3.3. */
function isText(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

async function importKey(text: string, algorithm: HttpSignatureAlgorithm | undefined): Promise<SignatureKey> {
  const data = readSignatureKey(text, "sign", algorithm);
  const key = "problem" in data ? data : await importSignatureKey(data, "sign");
  if ("problem" in key) throw new SallyportError("credential_source_failed", `The signing key ${key.problem}.`);
  return key;
}

function notOne(name: string): SallyportError<"config_invalid"> {
  return new SallyportError(
    "config_invalid",
    `The query parameter ${name} is to be signed, but the URL does not have it exactly once. Sign @query or @target-uri instead (RFC 9421 §2.2.8).`,
  );
}

function invalid(problem: string): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `An HTTP message signature cannot be made like this: ${problem}.`);
}
