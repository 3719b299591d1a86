/**
 * Verifies HTTP message signatures (RFC 9421 §3.2) and the digest of the body (RFC 9530).
 */
import { SallyportError } from "@sallyport/auth-core";
import {
  type Component,
  componentId,
  componentValue,
  digestAlgorithms,
  type HttpSignatureAlgorithm,
  parseComponent,
  type SignedRequest,
  signatureBase,
  toBase64,
  utf8,
  verifyBytes,
} from "@sallyport/auth-core/signatures";
import {
  checkReplay,
  checkTime,
  readBody,
  readChecks,
  type SignatureCheckOptions,
  type SignatureChecks,
  tooLarge,
  withBody,
} from "./checks.ts";
import { type RequestSignature, readDigests, readSignatures } from "./signature-fields.ts";
import { refused, type SignatureAccepted, type SignatureRefused } from "./verdict.ts";
import { importVerificationKey, type VerificationKey } from "./verification-key.ts";

/** Options of {@link verifyHttpSignature}. */
export interface HttpVerifyOptions extends SignatureCheckOptions {
  /**
   * The key of a key id; `undefined` when there is none. A key is imported once if the same object is returned again.
   * A rejection is passed on.
   */
  readonly keys: (keyId: string) => VerificationKey | undefined | Promise<VerificationKey | undefined>;
  /**
   * What must be signed. A header counts only for requests that have it, `content-digest` for those with a body.
   * Clients cannot sign what their runtime adds, such as `accept` and `user-agent` where the caller has set none.
   * Default `@method`, `@target-uri`, `content-digest`.
   */
  readonly required?: readonly string[];
  /** The signature to verify, where there are several. Default: the first good one. */
  readonly label?: string;
  /** What the signature must be for, as its parameter `tag`. Default: anything. */
  readonly tag?: string;
  /** The origin that clients see, where a proxy stands in front: `https://api.example.com`. Default: that of the request. */
  readonly origin?: string;
}

/** A request with a good message signature. */
export interface HttpSignatureAccepted extends SignatureAccepted {
  readonly label: string;
  readonly algorithm: HttpSignatureAlgorithm;
  /** What was signed: `"@method"`, `"content-digest"`. Nothing else of the request can be relied on. */
  readonly components: readonly string[];
}

/**
 * Verify a request that is signed according to RFC 9421, such as by `HttpSignatureAuth`.
 *
 * The algorithm is that of the key, never that of the request. A signature needs `created` and `keyid`, and is refused
 * outside of the window, after its `expires`, or when it leaves out what is required. Only then is the key looked up,
 * and only after a good signature the body read, up to `maxBodyBytes`, and compared with `Content-Digest`.
 *
 * @throws SallyportError `config_invalid` when an option or a key cannot be used; what `keys` and the replay cache
 * throw. Answer with 503 to those.
 *
 * @example
 * ```ts
 * import { verifyHttpSignature } from "@sallyport/server";
 *
 * declare function serve(request: Request, caller: string): Promise<Response>;
 * declare const publicKeys: ReadonlyMap<string, { key: string }>;
 *
 * export async function handle(request: Request): Promise<Response> {
 *   const verdict = await verifyHttpSignature(request, {
 *     keys: (keyId) => publicKeys.get(keyId),
 *     origin: "https://api.example.com",
 *   });
 *   return verdict.valid ? serve(verdict.request, verdict.keyId) : new Response(null, { status: 401 });
 * }
 * ```
 */
export async function verifyHttpSignature(
  request: Request,
  options: HttpVerifyOptions,
): Promise<HttpSignatureAccepted | SignatureRefused> {
  const checks = readChecks(options);
  const required = readRequired(options.required ?? defaultRequired);
  const seen = asClientsSee(request, options.origin);
  const signatures = readSignatures(request.headers);
  if ("problem" in signatures)
    return refused("signature_malformed", `The signature cannot be read: ${signatures.problem}.`);
  const { label, tag } = options;
  const candidates = signatures.filter(
    (candidate) => (label === undefined || candidate.label === label) && (tag === undefined || candidate.tag === tag),
  );
  let refusal = refused("signature_missing", "The request has no signature that is asked for.");
  for (const [index, candidate] of candidates.entries()) {
    const found = await verifyHead(candidate, seen, required, checks, options.keys);
    if ("base" in found) return verifyBody(request, candidate, found, required, checks);
    if (index === 0) refusal = found;
  }
  return refusal;
}

const defaultRequired: readonly string[] = ["@method", "@target-uri", "content-digest"];

interface Verified {
  readonly keyId: string;
  readonly algorithm: HttpSignatureAlgorithm;
  readonly created: number;
  readonly base: Uint8Array<ArrayBuffer>;
}

/** Judge a signature without looking at the body. */
async function verifyHead(
  candidate: RequestSignature,
  request: SignedRequest,
  required: readonly Component[],
  checks: SignatureChecks,
  keys: HttpVerifyOptions["keys"],
): Promise<Verified | SignatureRefused> {
  const { created, expires, keyId, algorithm, params, signature } = candidate;
  if (created === undefined || keyId === undefined || keyId === "") {
    return refused("component_missing", "The signature lacks the parameter created or keyid.");
  }
  const late = checkTime(created, checks);
  if (late !== undefined) return late;
  if (expires !== undefined && expires <= checks.seconds) {
    return refused("timestamp_outside_window", "The signature has expired.");
  }
  const signed = new Set(candidate.components.map(componentId));
  for (const component of required) {
    const absent = !component.name.startsWith("@") && !request.headers.has(component.name);
    if (!absent && !signed.has(componentId(component))) return notSigned(component);
  }
  const lines: [Component, string][] = [];
  for (const component of candidate.components) {
    const value = componentValue(component, request);
    if (value === undefined)
      return refused("signature_invalid", "Something was signed that the request does not have once.");
    lines.push([component, value]);
  }

  const found = await keys(keyId);
  if (found === undefined) return refused("key_unknown", "Nobody has this key id.");
  const key = await importVerificationKey(found);
  if (algorithm !== undefined && algorithm !== key.algorithm) {
    return refused(
      "algorithm_mismatch",
      `The key is one for ${key.algorithm}, and the signature names another algorithm.`,
    );
  }
  const base = utf8(signatureBase(lines, params));
  const good = await verifyBytes(key, signature, base);
  if (!good) return refused("signature_invalid", "The signature is not that of this request under this key.");
  return { keyId, algorithm: key.algorithm, created, base };
}

/** Judge the body of a request whose head is good, and whether it is new. */
async function verifyBody(
  request: Request,
  { label, components }: RequestSignature,
  { keyId, algorithm, created, base }: Verified,
  required: readonly Component[],
  checks: SignatureChecks,
): Promise<HttpSignatureAccepted | SignatureRefused> {
  const isDigest = ({ name }: Component): boolean => name === "content-digest";
  const covered = components.some(isDigest);
  let body: ArrayBuffer | undefined;
  if (covered || (required.some(isDigest) && request.body !== null)) {
    body = await readBody(request, checks.maxBodyBytes);
    if (body === undefined) return tooLarge(checks.maxBodyBytes);
    if (!covered && body.byteLength > 0) return notSigned({ name: "content-digest" });
    if (covered && !(await matchesDigest(body, request.headers))) {
      return refused("digest_mismatch", "The body is not the one of the signed Content-Digest, in SHA-256 or SHA-512.");
    }
  }
  const replayed = await checkReplay(keyId, base, created, checks);
  if (replayed !== undefined) return replayed;
  return {
    valid: true,
    keyId,
    label,
    algorithm,
    components: components.map(componentId),
    request: withBody(request, body),
  };
}

/** Whether every digest that is good for anything is that of the body, and there is one (RFC 9530 §5: the rest is not safe). */
async function matchesDigest(body: ArrayBuffer, headers: Headers): Promise<boolean> {
  const digests = readDigests(headers);
  if (digests === undefined) return false;
  let matches = 0;
  for (const [name, algorithm] of Object.entries(digestAlgorithms)) {
    const digest = digests.get(name);
    if (digest === undefined) continue;
    // Both are public: whoever sent the body knows its digest.
    if (toBase64(digest) !== toBase64(await crypto.subtle.digest(algorithm, body))) return false;
    matches += 1;
  }
  return matches > 0;
}

function readRequired(texts: readonly string[]): Component[] {
  return texts.map((text) => {
    const component = parseComponent(text);
    if ("problem" in component) throw new SallyportError("config_invalid", `required: ${text} ${component.problem}.`);
    return component;
  });
}

function asClientsSee({ method, url, headers }: Request, origin: string | undefined): SignedRequest {
  if (origin === undefined) return { method, url, headers };
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new SallyportError("config_invalid", "origin: must be an origin, as in https://api.example.com.");
  }
  const { pathname, search } = new URL(url);
  return { method, url: `${origin}${pathname}${search}`, headers };
}

function notSigned(component: Component): SignatureRefused {
  return refused("component_missing", `The signature leaves out ${componentId(component)}.`);
}
