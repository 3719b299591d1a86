/**
 * The DPoP keys of one server's tokens: made with the tokens, kept with them or by the platform, ended with them.
 */
import type { Discovery } from "../discovery/discovery.ts";
import { createDpop, type DpopProver } from "../dpop.ts";
import type { OAuthOptions } from "../options.ts";
import type { Grant } from "../tokens/grant.ts";

export class DpopProvers {
  readonly #options: OAuthOptions;
  readonly #now: () => number;
  // One at a time: that of the current grant. It also knows the nonces.
  #current:
    | { readonly name: string; readonly key: string | undefined; readonly prover: Promise<DpopProver> }
    | undefined;

  constructor(options: OAuthOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** The prover for new tokens; `undefined` when they are not to be bound to a key. */
  async make(discovery: Discovery, clientId: string): Promise<DpopProver | undefined> {
    if (!(this.#options.dpop ?? discovery.dpopRequired ?? false)) return undefined;
    const prover = await this.#create(discovery, clientId, undefined);
    const key = await prover.export();
    this.#current = { name: this.#name(discovery, clientId), key, prover: Promise.resolve(prover) };
    return prover;
  }

  /** The prover of a grant's tokens. */
  of({ discovery, clientId, dpopKey }: Grant): Promise<DpopProver> {
    const name = this.#name(discovery, clientId);
    if (this.#current?.name === name && this.#current.key === dpopKey) return this.#current.prover;
    const current = { name, key: dpopKey, prover: this.#create(discovery, clientId, dpopKey) };
    this.#current = current;
    // A failure is not remembered: the next request tries again.
    current.prover.catch(() => {
      if (this.#current === current) this.#current = undefined;
    });
    return current.prover;
  }

  async forget({ discovery, clientId }: Grant): Promise<void> {
    this.#current = undefined;
    await this.#options.dpopKeys?.delete(this.#name(discovery, clientId));
  }

  #create(discovery: Discovery, clientId: string, stored: string | undefined): Promise<DpopProver> {
    const { dpop, dpopKeys: keys } = this.#options;
    return createDpop({
      algorithm: typeof dpop === "object" ? dpop.algorithm : undefined,
      supported: discovery.server.dpop_signing_alg_values_supported,
      stored,
      kept: keys && { keys, name: this.#name(discovery, clientId) },
      now: this.#now,
    });
  }

  #name({ resource, issuer }: Discovery, clientId: string): string {
    return JSON.stringify([resource, issuer, clientId, this.#options.account ?? ""]);
  }
}
