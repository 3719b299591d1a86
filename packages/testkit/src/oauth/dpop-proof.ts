/**
 * Checks DPoP proofs as a resource server has to (RFC 9449 §4.3, D49-02), with `jose` alone: independent of what makes them.
 */
import { createHash, randomUUID } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";

/** What a proof has to fit. */
export interface ProofExpectation {
  readonly method: string;
  /** Without query. */
  readonly url: string;
  readonly accessToken: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly keyThumbprint: string;
}

/** Why a proof is refused, as the `error` of a challenge (RFC 9449 §7.1). */
export type ProofError = "invalid_dpop_proof" | "use_dpop_nonce";

/** Checks proofs for one server. */
export interface ProofChecker {
  /** The nonce that proofs need now. */
  nonce(): string;
  /** Ask for another nonce from now on. */
  renew(): void;
  check(proof: string | undefined, expectation: ProofExpectation): Promise<ProofError | undefined>;
}

/** Seconds by which a proof may be older or newer. */
const maxAge = 300;

/** @param nonces - whether a proof needs the nonce of the server. */
export function proofChecker(nonces: boolean): ProofChecker {
  let nonce = randomUUID();
  const seen = new Set<string>();
  return {
    nonce: () => nonce,
    renew() {
      nonce = randomUUID();
    },
    async check(proof, expectation) {
      if (proof === undefined) return "invalid_dpop_proof";
      const options = { typ: "dpop+jwt", algorithms: ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"] };
      const result = await jwtVerify(proof, EmbeddedJWK, options).catch(() => undefined);
      if (result === undefined) return "invalid_dpop_proof";
      const { payload, protectedHeader } = result;
      const { method, url, accessToken, keyThumbprint } = expectation;
      const hash = createHash("sha256").update(accessToken).digest("base64url");
      const fits =
        typeof payload.jti === "string" &&
        !seen.has(payload.jti) &&
        payload["htm"] === method &&
        payload["htu"] === url &&
        payload["ath"] === hash &&
        Math.abs(Date.now() / 1000 - (payload.iat ?? 0)) <= maxAge &&
        (await calculateJwkThumbprint(protectedHeader.jwk ?? { kty: "" })) === keyThumbprint;
      if (!fits) return "invalid_dpop_proof";
      seen.add(payload.jti ?? "");
      return nonces && payload["nonce"] !== nonce ? "use_dpop_nonce" : undefined;
    },
  };
}
