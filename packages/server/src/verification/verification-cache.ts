/**
 * Remembers what was verified, so that a token that comes with every request is not verified with every request. Entries are
 * found by the token's SHA-256, which gives nothing away by the time it takes (I62-06).
 */
import { SallyportError } from "@sallyport/auth-core";
import { type AccessToken, isExpired } from "../token/access-token.ts";
import { tokenDigest } from "./token-digest.ts";

/** How long and how much a verifier remembers. */
export interface VerificationCacheOptions {
  /** How many valid tokens, and how many others; the least recently used are forgotten first. Default 10,000. */
  readonly maxEntries?: number;
  /**
   * How long a token that was valid is taken for valid, in milliseconds, and never beyond its end: revoking it takes this
   * long to be noticed. Default 60,000; 0 verifies it with every request.
   */
  readonly maxAgeMs?: number;
  /** How long a token that was not valid is refused unasked, in milliseconds. Default 5,000. */
  readonly negativeMs?: number;
}

interface Entry {
  readonly verdict: AccessToken | null;
  /** In milliseconds since 1970. */
  readonly until: number;
}

/** Verdicts about tokens, for one verifier. */
export class VerificationCache {
  readonly #maxEntries: number;
  readonly #maxAgeMs: number;
  readonly #negativeMs: number;
  readonly #now: () => number;
  readonly #valid = new Map<string, Entry>();
  // Apart, so that nobody can push out the valid ones with tokens that he makes up.
  readonly #refused = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<AccessToken | null>>();

  /**
   * @param now - milliseconds since 1970.
   * @throws SallyportError (`config_invalid`) when an option is no number from 0 up.
   */
  constructor(options: VerificationCacheOptions = {}, now: () => number = Date.now) {
    const { maxEntries = 10_000, maxAgeMs = 60_000, negativeMs = 5_000 } = options;
    for (const [name, value] of Object.entries({ maxEntries, maxAgeMs, negativeMs })) {
      if (!(Number.isFinite(value) && value >= 0)) {
        throw new SallyportError("config_invalid", `cache.${name}: must be a number, 0 or more.`);
      }
    }
    this.#maxEntries = maxEntries;
    this.#maxAgeMs = maxAgeMs;
    this.#negativeMs = negativeMs;
    this.#now = now;
  }

  /**
   * The verdict about a token: as remembered, or as `ask` gives it now. However many ask about one token at a time, it is
   * asked once; an `ask` that rejects is not remembered.
   *
   * @param ask - must settle by itself.
   */
  async verify(token: string, ask: () => Promise<AccessToken | null>): Promise<AccessToken | null> {
    const digest = tokenDigest(token);
    const key = typeof digest === "string" ? digest : await digest;
    const known = this.#recall(this.#valid, key) ?? this.#recall(this.#refused, key);
    return known === undefined ? (this.#asking.get(key) ?? this.#ask(key, ask)) : known.verdict;
  }

  #recall(entries: Map<string, Entry>, key: string): Entry | undefined {
    const known = entries.get(key);
    if (known === undefined) return undefined;
    // Back at the end, if at all: what is not asked for is forgotten first.
    entries.delete(key);
    if (known.until <= this.#now()) return undefined;
    entries.set(key, known);
    return known;
  }

  #ask(key: string, ask: () => Promise<AccessToken | null>): Promise<AccessToken | null> {
    const asking = ask()
      .then((verdict) => {
        this.#remember(key, verdict);
        return verdict;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  #remember(key: string, verdict: AccessToken | null): void {
    const now = this.#now();
    if (verdict !== null && isExpired(verdict, now / 1000)) return;
    const age = verdict === null ? this.#negativeMs : this.#maxAgeMs;
    const end = (verdict?.expiresAt ?? Number.POSITIVE_INFINITY) * 1000;
    const until = Math.min(now + age, end);
    if (until <= now) return;
    const entries = verdict === null ? this.#refused : this.#valid;
    entries.set(key, { verdict, until });
    const [oldest] = entries.keys();
    if (entries.size > this.#maxEntries && oldest !== undefined) entries.delete(oldest);
  }
}
