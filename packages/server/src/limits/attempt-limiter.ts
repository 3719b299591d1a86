/**
 * Failed attempts are counted by where they come from and by whose credential they try, and after too many of them the next has
 * to wait (429, RFC 6585 §4). OWASP ASVS 2.2.1; RFC 6819 §4.4.3.6 on guessing.
 */
import { SallyportError } from "@sallyport/auth-core";
import { FailureCount } from "./failure-count.ts";

/** A credential that is about to be judged. */
export interface Attempt {
  /** Where it comes from: an IPv4 address, the first half of an IPv6 address, or what `clientAddress` gives; if known. */
  readonly address: string | undefined;
  /** Whose it is by its own word: the id of an API key, a user name. Not of other tokens, which do not say. */
  readonly account: string | undefined;
  /** Tells credentials apart, without being one: a keyed hash that is different in each process. */
  readonly credential: string;
}

/** Asked before a credential is judged, and told what came of it. `attemptLimiter` makes one. */
export interface AttemptLimiter {
  /** How long the client has to wait before its credential is judged, in seconds; 0 when it has not to. */
  before(attempt: Attempt): number | Promise<number>;
  /**
   * The credential was judged right or wrong. Not told when it could not be judged.
   *
   * @returns how long the client has to wait to be told, in seconds; 0 when it has not to. Many may be judged at a time: those
   *   that come out after the limit was reached are answered with 429, right or wrong, so that they tell nothing.
   */
  after(attempt: Attempt, right: boolean): number | Promise<number>;
}

/** So many failures in so much time. */
export interface FailureLimit {
  readonly failures: number;
  readonly seconds: number;
}

/** Options of {@link attemptLimiter}. */
export interface AttemptLimiterOptions {
  /** Default: 50 failures in 300 seconds. */
  readonly perAddress?: FailureLimit;
  /** Per API key id and per user name. Default: 10 failures in 300 seconds. */
  readonly perAccount?: FailureLimit;
  /**
   * A connected client of Redis (`redis` or `ioredis`), to count for several processes together. Default: this process counts
   * alone. While Redis does not answer within half a second, it counts alone too.
   */
  readonly redis?: object;
  /** How many addresses and accounts are counted in memory at most, each. The oldest are forgotten first. Default 10,000. */
  readonly maxEntries?: number;
  /** Told when Redis does not answer. Default: nobody is told. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A limiter of failed attempts, with `rate-limiter-flexible`.
 *
 * A credential that was right before is not a guess: it is judged whatever others at its address or with its key id do, and when
 * it is no longer right, that is no failed attempt. So nobody can lock out those who are in by guessing at their key.
 *
 * @throws SallyportError (`config_invalid`) when a limit is not one.
 *
 * @example
 * ```ts
 * import { apiKeys, attemptLimiter, fileKeyStore, MCPServer } from "@sallyport/server";
 *
 * const server = new MCPServer({
 *   name: "mail",
 *   version: "1.0.0",
 *   auth: apiKeys({ store: fileKeyStore("/srv/mcp/keys") }),
 *   limiter: attemptLimiter({ perAddress: { failures: 20, seconds: 60 } }),
 * });
 * ```
 */
export function attemptLimiter(options: AttemptLimiterOptions = {}): AttemptLimiter {
  const { perAddress = { failures: 50, seconds: 300 }, perAccount = { failures: 10, seconds: 300 } } = options;
  const { redis, maxEntries = 10_000, onError = () => {} } = options;
  if (!(Number.isInteger(maxEntries) && maxEntries > 0)) {
    throw new SallyportError("config_invalid", "attemptLimiter: maxEntries: must be a whole number above 0.");
  }
  const shared = { redis, maxEntries, onError };
  const addresses = new FailureCount("address", checkLimit(perAddress, "perAddress"), shared);
  const accounts = new FailureCount("account", checkLimit(perAccount, "perAccount"), shared);
  return new Limiter(addresses, accounts, maxEntries);
}

class Limiter implements AttemptLimiter {
  readonly #addresses: FailureCount;
  readonly #accounts: FailureCount;
  readonly #maxRight: number;
  /** Credentials that were right, the least recently used first. */
  readonly #right: Set<string> = new Set();

  constructor(addresses: FailureCount, accounts: FailureCount, maxRight: number) {
    this.#addresses = addresses;
    this.#accounts = accounts;
    this.#maxRight = maxRight;
  }

  before(attempt: Attempt): number | Promise<number> {
    return this.#right.has(attempt.credential) ? 0 : this.#wait(attempt);
  }

  after(attempt: Attempt, right: boolean): number | Promise<number> {
    const wasRight = this.#right.delete(attempt.credential);
    if (!right) return wasRight ? 0 : this.#count(attempt);
    if (!wasRight) return this.#accept(attempt);
    this.#right.add(attempt.credential);
    return 0;
  }

  async #accept(attempt: Attempt): Promise<number> {
    const wait = await this.#wait(attempt);
    if (wait > 0) return wait;
    this.#right.add(attempt.credential);
    const [oldest] = this.#right;
    if (this.#right.size > this.#maxRight && oldest !== undefined) this.#right.delete(oldest);
    return 0;
  }

  #wait(attempt: Attempt): Promise<number> {
    return this.#both(attempt, (count, key) => count.wait(key));
  }

  #count(attempt: Attempt): Promise<number> {
    return this.#both(attempt, (count, key) => count.add(key));
  }

  async #both(
    { address, account }: Attempt,
    ask: (count: FailureCount, key: string) => Promise<number>,
  ): Promise<number> {
    const waits = await Promise.all([
      address === undefined ? 0 : ask(this.#addresses, address),
      account === undefined ? 0 : ask(this.#accounts, account),
    ]);
    return Math.max(...waits);
  }
}

function checkLimit({ failures, seconds }: FailureLimit, name: string): FailureLimit {
  if (Number.isInteger(failures) && failures > 0 && Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400) {
    return { failures, seconds };
  }
  throw new SallyportError(
    "config_invalid",
    `attemptLimiter: ${name}: failures and seconds must be whole numbers above 0, and seconds at most 86400.`,
  );
}
