/**
 * What the verification of a signed request comes to. A refusal is a value, not an error: errors are for what the
 * operator has to put right.
 */

/** Why a signed request is refused. */
export type SignatureProblem =
  /** The request has no signature, or none with the wanted label or tag. */
  | "signature_missing"
  /** A header of the signature is not written as it should be. */
  | "signature_malformed"
  /** Nobody has this key id. */
  | "key_unknown"
  /** The signature names another algorithm than the one of its key. */
  | "algorithm_mismatch"
  /** Something that must be signed is not. */
  | "component_missing"
  /** Signed too long ago, in the future, or expired. */
  | "timestamp_outside_window"
  /** The signature is not that of this request under this key. */
  | "signature_invalid"
  /** The body is longer than is read. */
  | "body_too_large"
  /** The body is not the one whose digest was signed. */
  | "digest_mismatch"
  /** The same signed request was here before. */
  | "replayed";

/** A signed request that is what its sender signed. */
export interface SignatureAccepted {
  readonly valid: true;
  /** Who signed. */
  readonly keyId: string;
  /** The request, to be used from now on: its body can still be read, where verification has read it. */
  readonly request: Request;
}

/** A signed request that must not be served. */
export interface SignatureRefused {
  readonly valid: false;
  readonly problem: SignatureProblem;
  /** What is wrong, for a log. It quotes nothing of the request; a client needs no more than a 401. */
  readonly message: string;
}

export function refused(problem: SignatureProblem, message: string): SignatureRefused {
  return { valid: false, problem, message };
}
