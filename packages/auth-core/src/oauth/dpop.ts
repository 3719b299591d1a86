/**
 * Proof of possession: RFC 9449. One key pair, a proof for every request, and the nonces that servers want in them.
 */
import {
  allowInsecureRequests,
  customFetch,
  DPoP,
  type DPoPHandle,
  type ModifyAssertionFunction,
  modifyAssertion,
  protectedResourceRequest,
} from "oauth4webapi";
import { SallyportError } from "../errors.ts";
import { headerValueProblem } from "../http/token.ts";
import { algorithmOf, type DpopKeyOptions, findKey } from "./dpop/key-pair.ts";

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
  /**
   * A fresh proof for one request to a resource (D49-01).
   *
   * @returns rejects with `token_request_failed` when the token cannot be sent in a header.
   */
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

/** How a key for proofs is found or made, and the clock of the proofs. */
export interface DpopOptions extends DpopKeyOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Find the key that tokens are bound to, or make a new one (DP-01, DP-06).
 *
 * @throws SallyportError `auth_unsupported` when the server supports none of our algorithms, or not the configured one;
 * `store_unavailable` when what is stored is no key.
 */
export async function createDpop(options: DpopOptions): Promise<DpopProver> {
  const pair = await findKey(options);
  const algorithm = algorithmOf(pair.privateKey.algorithm, options.supported);
  return new Prover(pair, algorithm, options.now);
}

class Prover implements DpopProver {
  readonly handle: DPoPHandle;
  readonly algorithm: string;
  readonly #pair: CryptoKeyPair;
  readonly #resources: DPoPHandle;
  readonly #nonces = new Map<string, string>();

  constructor(pair: CryptoKeyPair, algorithm: string, now: () => number) {
    this.#pair = pair;
    this.algorithm = algorithm;
    const inOurTime: ModifyAssertionFunction = (header, claims) => {
      header["alg"] = algorithm;
      claims["iat"] = Math.floor(now() / 1000);
    };
    this.handle = DPoP({}, pair, { [modifyAssertion]: inOurTime });
    // Two handles, since nonces belong to one server (DP-02) and an authorization server may share its origin with a resource.
    this.#resources = DPoP({}, pair, {
      [modifyAssertion]: (header, claims) => {
        inOurTime(header, claims);
        const nonce = this.#nonces.get(new URL(String(claims["htu"])).origin);
        if (nonce !== undefined) claims["nonce"] = nonce;
      },
    });
  }

  thumbprint(): Promise<string> {
    return this.handle.calculateThumbprint();
  }

  async export(): Promise<string | undefined> {
    const { privateKey } = this.#pair;
    return privateKey.extractable ? JSON.stringify(await crypto.subtle.exportKey("jwk", privateKey)) : undefined;
  }

  async proof({ method, url, accessToken }: DpopProofRequest): Promise<string> {
    // The platform's own error would quote the token.
    const problem = headerValueProblem(accessToken);
    if (problem !== undefined) throw new SallyportError("token_request_failed", `The access token ${problem}.`);
    let proof = "";
    await protectedResourceRequest(accessToken, method, new URL(url), new Headers(), null, {
      DPoP: this.#resources,
      [allowInsecureRequests]: true,
      // Not sent from here: the proof goes with the caller's own request.
      [customFetch]: async (_url, { headers }) => {
        proof = headers["dpop"] ?? "";
        return new Response();
      },
    });
    return proof;
  }

  learn(url: string | URL, response: Response): void {
    const nonce = response.headers.get("dpop-nonce");
    // NQCHAR (RFC 9449 §8.1); one that is longer than this would make headers that servers refuse.
    if (nonce === null || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/.test(nonce)) return;
    const { origin } = new URL(url);
    this.#nonces.delete(origin);
    this.#nonces.set(origin, nonce);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size > mostOrigins && oldest !== undefined) this.#nonces.delete(oldest);
  }
}

// A prover serves one resource, and where that redirects to.
const mostOrigins = 20;
