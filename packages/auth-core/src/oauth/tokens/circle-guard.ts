/**
 * What becomes of grants that were just issued: a server that refuses them, at once or after a request or two, would send
 * its client round in circles, and the person with it (CHL-17).
 */
import type { Grant } from "./grant.ts";

const circleMs = 5 * 60_000;
// A server that forgets its tokens when it starts may start a few times.
const mostAgain = 5;
const memoryMs = 10 * 60_000;

export class CircleGuard {
  readonly #now: () => number;
  #obtained: Grant | undefined;
  #refreshed: Grant | undefined;
  #askedAgain: readonly number[] = [];

  /** @param now - milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Issued by a grant of its own. */
  obtained(grant: Grant): void {
    this.#obtained = grant;
  }

  /** Issued for a refresh token. */
  refreshed(grant: Grant | undefined): void {
    this.#refreshed = grant;
  }

  /** The server has accepted a request that was sent with this grant. */
  accepted(grant: Grant): void {
    if (this.#obtained === grant) this.#obtained = undefined;
    if (this.#refreshed === grant) this.#refreshed = undefined;
  }

  /** Whether a grant that is refused was never accepted: another one like it would be refused as well. */
  isCircle(grant: Grant | undefined): boolean {
    if (grant === undefined || grant !== this.#obtained) return false;
    return Math.abs(this.#now() - grant.tokens.issuedAt) < circleMs;
  }

  /** Whether refreshing a grant that is refused may help: not when that is what gave it. */
  isWorthRefreshing(grant: Grant): boolean {
    return grant.tokens.refreshToken !== undefined && grant !== this.#refreshed;
  }

  /** Whether a person may be asked once more for a server that has refused what they signed in for; counts when they may. */
  mayAskAgain(): boolean {
    const now = this.#now();
    const recent = this.#askedAgain.filter((time) => Math.abs(now - time) < memoryMs);
    if (recent.length >= mostAgain) return false;
    this.#askedAgain = [...recent, now];
    return true;
  }
}
