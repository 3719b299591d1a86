/**
 * Judges JWT access tokens as RFC 9068 §4 prescribes, with the keys of one issuer.
 */
import { SallyportError } from "@sallyport/auth-core";
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from "jose";
import { AccessToken, isExpired } from "../../token/access-token.ts";
import { checkAudience, namesOneOf } from "../../token/audience.ts";
import { scopesIn, usualScopeClaims } from "../../token/scope-claims.ts";
import type { IssuerMetadata } from "../../verification/issuer-metadata.ts";
import { secureUrl } from "../../verification/secure-url.ts";
import { VerificationCache } from "../../verification/verification-cache.ts";
import type { JwtProviderOptions } from "./jwt-provider.ts";
import { remoteKeys } from "./remote-keys.ts";

/** What the verifier needs to know. */
export type JwtChecks = Omit<JwtProviderOptions, "issuer" | "realm" | "scopes" | "resourceMetadata" | "metadata">;

// Asymmetric algorithms of RFC 7518 §3.1, RFC 8037 and RFC 9864: whoever can verify cannot sign.
const asymmetric = [
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
];

const usualSkewSeconds = 5;
const mostSkewSeconds = 300;
// Keys to try on a token that does not say which one is its own.
const mostCandidates = 5;

/** Verifies the tokens of one issuer for one audience. */
export class JwtVerifier {
  readonly #key: JWTVerifyGetKey;
  readonly #cache: VerificationCache;
  readonly #checks: JWTVerifyOptions;
  readonly #options: JwtChecks;
  readonly #audience: readonly string[];
  readonly #now: () => number;

  /** @throws SallyportError (`config_invalid`) when an option cannot be used. */
  constructor(metadata: IssuerMetadata, options: JwtChecks) {
    const { algorithms = asymmetric, typ = "at+jwt", clockToleranceSeconds = 0, now = Date.now } = options;
    if (algorithms.length === 0 || algorithms.some((algorithm) => !asymmetric.includes(algorithm))) {
      throw new SallyportError("config_invalid", `algorithms: must be of ${asymmetric.join(", ")}.`);
    }
    if (typ !== false && (typeof typ !== "string" || typ === "")) {
      throw new SallyportError("config_invalid", "typ: must be a media type such as at+jwt, or false.");
    }
    if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= mostSkewSeconds)) {
      throw new SallyportError("config_invalid", `clockToleranceSeconds: must be from 0 to ${mostSkewSeconds}.`);
    }
    const fixed = options.jwksUri === undefined ? undefined : secureUrl(options.jwksUri, "jwksUri");
    this.#key = remoteKeys(async () => fixed ?? keysOf(metadata), options);
    this.#cache = new VerificationCache(options.cache, now);
    this.#checks = {
      issuer: metadata.issuer,
      algorithms: [...algorithms],
      clockTolerance: options.clockToleranceSeconds ?? usualSkewSeconds,
      requiredClaims: ["exp"],
      ...(typ !== false && { typ }),
    };
    this.#options = options;
    this.#audience = checkAudience(options.audience);
    this.#now = now;
  }

  /** The verdict. Rejects when there are no keys, and as `accept` does. */
  verify(token: string): Promise<AccessToken | null> {
    return this.#cache.verify(token, () => this.#verify(token));
  }

  async #verify(token: string): Promise<AccessToken | null> {
    const claims = await this.#claims(token);
    if (claims === undefined || !this.#accepts(claims)) return null;
    const { scopeClaims = usualScopeClaims, clockToleranceSeconds = 0 } = this.#options;
    const expiresAt = (claims.exp as number) + clockToleranceSeconds;
    const verdict = new AccessToken({ token, claims, scopes: scopesIn(claims, scopeClaims), expiresAt });
    return isExpired(verdict, this.#now() / 1000) ? null : verdict;
  }

  /** The claims of a token that is signed, current and of the right type; `undefined` when it is not (J68-07). */
  async #claims(token: string): Promise<JWTPayload | undefined> {
    const options = { ...this.#checks, currentDate: new Date(this.#now()) };
    try {
      return (await jwtVerify(token, this.#key, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return tryEach(token, error, options);
      return undefinedIfToken(error);
    }
  }

  #accepts(claims: JWTPayload): boolean {
    const { audienceClaim = "aud", requiredClaims = {}, accept } = this.#options;
    if (!Number.isFinite(claims.exp) || !namesOneOf(claims[audienceClaim], this.#audience)) return false;
    // Issued in the future, beyond what clocks differ by.
    if (claims.iat !== undefined && claims.iat > this.#now() / 1000 + mostSkewSeconds) return false;
    for (const [name, wanted] of Object.entries(requiredClaims)) {
      const claim = claims[name];
      if (wanted === true ? claim === undefined : !namesOneOf(claim, typeof wanted === "string" ? [wanted] : wanted))
        return false;
    }
    return accept === undefined || accept(claims) === true;
  }
}

/** For issuers that do not name the key in the token. */
async function tryEach(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload | undefined> {
  let left = mostCandidates;
  for await (const key of candidates) {
    if (left-- === 0) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) return undefinedIfToken(error);
    }
  }
  return undefined;
}

// Whatever jose finds wrong is wrong with the token, but for the issuer's keys; anything else is no judgement about it.
function undefinedIfToken(error: unknown): undefined {
  if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid)) return undefined;
  throw error;
}

async function keysOf(metadata: IssuerMetadata): Promise<URL> {
  const url = await metadata.url("jwks_uri");
  if (url !== undefined) return url;
  throw new SallyportError(
    "temporarily_unavailable",
    `The metadata of ${metadata.issuer} names no jwks_uri. Set jwksUri.`,
  );
}
