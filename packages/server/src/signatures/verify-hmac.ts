/**
 * Verifies the requests of `SignatureAuth`: HMAC over a message that both ends agree on (RFC 2104).
 */
import { SallyportError } from "@sallyport/auth-core";
import { type HmacForm, HmacScheme } from "@sallyport/auth-core/signatures";
import {
  checkReplay,
  checkTime,
  readBody,
  readChecks,
  type SignatureCheckOptions,
  tooLarge,
  withBody,
} from "./checks.ts";
import { refused, type SignatureAccepted, type SignatureRefused } from "./verdict.ts";

/** Options of {@link verifyHmacSignature}; the form must be the one the client has. */
export interface HmacVerifyOptions extends SignatureCheckOptions, HmacForm {
  /** The secret that belongs to an API key; `undefined` when there is none. A rejection is passed on. */
  readonly keys: (apiKey: string) => string | undefined | Promise<string | undefined>;
}

/**
 * Verify a request that `SignatureAuth` has signed. The signature is compared in constant time. The body is read, up to
 * `maxBodyBytes`, when the message has `{body}` or `{bodyHash}`.
 *
 * With a replay cache let the message have a `{nonce}`: without one, two equal requests within a second count as a
 * replay, and by default equal means the same method and path.
 *
 * @throws SallyportError `config_invalid` when the form cannot be used, or its message lacks `{method}`, `{path}` or
 * `{timestamp}`; what `keys` and the replay cache throw. Answer with 503 to those.
 *
 * @example
 * ```ts
 * import { verifyHmacSignature } from "@sallyport/server";
 *
 * declare function serve(request: Request, caller: string): Promise<Response>;
 * const secrets = new Map([["key-1", "shared-secret"]]);
 *
 * export async function handle(request: Request): Promise<Response> {
 *   const verdict = await verifyHmacSignature(request, { keys: (apiKey) => secrets.get(apiKey) });
 *   return verdict.valid ? serve(verdict.request, verdict.keyId) : new Response(null, { status: 401 });
 * }
 * ```
 */
export async function verifyHmacSignature(
  request: Request,
  options: HmacVerifyOptions,
): Promise<SignatureAccepted | SignatureRefused> {
  const scheme = new HmacScheme(options);
  const checks = readChecks(options);
  for (const name of ["method", "path", "timestamp"] as const) {
    if (!scheme.uses(name))
      throw new SallyportError("config_invalid", `message: must have {${name}}, or it protects little.`);
  }
  const apiKey = request.headers.get(scheme.headers.key) ?? "";
  const timestamp = request.headers.get(scheme.headers.timestamp) ?? "";
  const nonce = request.headers.get(scheme.headers.nonce) ?? "";
  const written = request.headers.get(scheme.headers.signature) ?? "";
  if (apiKey === "" || timestamp === "" || written === "") {
    return refused(
      "signature_missing",
      `It takes the headers ${Object.values(scheme.headers).slice(0, 3).join(", ")}.`,
    );
  }
  const signature = scheme.read(written);
  // A leading zero could have been a part of the path: nothing separates the two in the default message.
  if (signature === undefined || !/^[1-9]\d{0,11}$/.test(timestamp)) {
    return refused("signature_malformed", `Seconds since 1970 and a signature in ${scheme.encoding} are expected.`);
  }
  if (scheme.uses("nonce") && !/^[!-~]{8,200}$/.test(nonce)) {
    return refused(
      "signature_malformed",
      `A nonce of 8 to 200 visible characters is expected in ${scheme.headers.nonce}.`,
    );
  }
  const late = checkTime(Number(timestamp), checks);
  if (late !== undefined) return late;

  const secret = await options.keys(apiKey);
  if (secret === undefined) return refused("key_unknown", "Nobody has this API key.");
  if (secret === "") throw new SallyportError("config_invalid", "keys: gave an empty secret.");
  const body = scheme.readsBody ? await readBody(request, checks.maxBodyBytes) : undefined;
  if (scheme.readsBody && body === undefined) return tooLarge(checks.maxBodyBytes);
  const { method, url } = request;
  const message = await scheme.message({ method, url, timestamp, nonce, body });
  if (!(await crypto.subtle.verify("HMAC", await scheme.importKey(secret), signature, message))) {
    return refused("signature_invalid", "The signature is not that of this request under this secret.");
  }
  const replayed = await checkReplay(apiKey, message, Number(timestamp), checks);
  return replayed ?? { valid: true, keyId: apiKey, request: withBody(request, body) };
}
