/**
 * Proof of possession: RFC 9449. One key pair, a proof for every request, and the nonces that servers want in them.
 */
import type { DPoPHandle } from "oauth4webapi";
import type { DpopKeyStore } from "./dpop-key-store.ts";

/** Makes proofs with one key. */
export interface DpopProver {
  /** Makes the proofs of oauth4webapi's token requests, and learns their nonces. */
  readonly handle: DPoPHandle;
  /** The JWS algorithm of the proofs. */
  readonly algorithm: string;
  /** SHA-256 thumbprint of the public key (RFC 7638), for `dpop_jkt` (RFC 9449 §10). */
  thumbprint(): Promise<string>;
  /** The key as JWK text, to be kept as a secret; `undefined` when it cannot be exported. */
  export(): Promise<string | undefined>;
  /** A fresh proof for one request to a resource (D49-01). */
  proof(request: DpopProofRequest): Promise<string>;
  /** Take the nonce that a resource server answered with, if any, for the next proofs to its origin (D49-09). */
  learn(url: string | URL, response: Response): void;
}

/** What a proof is for. */
export interface DpopProofRequest {
  readonly method: string;
  readonly url: string | URL;
  readonly accessToken: string;
}

/** How a key for proofs is found or made. */
export interface DpopOptions {
  /** JWS algorithm of a new key, as configured. Default: the first of ours that the server supports, ES256 before all. */
  readonly algorithm?: string | undefined;
  /** `dpop_signing_alg_values_supported` of the authorization server. Absent: ES256 is supported. */
  readonly supported?: readonly string[] | undefined;
  /** The key as {@link DpopProver.export} gave it. Tokens are bound to it, so it is used whatever else is asked for. */
  readonly stored?: string | undefined;
  /** Where keys that cannot be exported are kept, and the name of this one. */
  readonly kept?: { readonly keys: DpopKeyStore; readonly name: string } | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Find the key that tokens are bound to, or make a new one (DP-01, DP-06).
 *
 * @throws SallyportError `auth_unsupported` when the server supports none of our algorithms, or not the configured one;
 * `store_unavailable` when what is stored is no key.
 */
export async function createDpop(_options: DpopOptions): Promise<DpopProver> {
  throw new Error("not yet");
}
