/**
 * Counts failures by a key, in windows of time: in Redis where there is one, otherwise, and while it does not answer, in memory.
 */
import type { RateLimiterAbstract, RateLimiterMemory } from "rate-limiter-flexible";
import { withDeadline } from "../verification/deadline.ts";
import { tokenDigest } from "../verification/token-digest.ts";
import type { FailureLimit } from "./attempt-limiter.ts";

/** Where and how much is counted. */
export interface CountOptions {
  readonly redis: object | undefined;
  readonly maxEntries: number;
  readonly onError: (error: unknown) => void;
}

const redisTimeoutMs = 500;
/** For how long Redis is not asked again after it gave no answer. */
const pauseMs = 5_000;

interface Counters {
  readonly memory: RateLimiterMemory;
  readonly shared: RateLimiterAbstract | undefined;
}

/** The failures of one kind of key. */
export class FailureCount {
  readonly #name: string;
  readonly #limit: FailureLimit;
  readonly #options: CountOptions;
  /** What is counted in memory, the oldest first. Its entries end by themselves, but an attacker makes new ones faster. */
  readonly #keys: Set<string> = new Set();
  #counters: Promise<Counters> | undefined;
  #pausedUntil = 0;

  constructor(name: string, limit: FailureLimit, options: CountOptions) {
    this.#name = name;
    this.#limit = limit;
    this.#options = options;
  }

  /** How long the next attempt has to wait, in seconds. */
  async wait(key: string): Promise<number> {
    const result = await this.#ask(key, (counter, digest) => counter.get(digest));
    return result === null || result.consumedPoints < this.#limit.failures ? 0 : seconds(result.msBeforeNext);
  }

  /** Count a failure. How long to wait if there had been too many before it, in seconds. */
  async add(key: string): Promise<number> {
    const result = await this.#ask(key, (counter, digest) => counter.penalty(digest));
    return result.consumedPoints <= this.#limit.failures ? 0 : seconds(result.msBeforeNext);
  }

  async #ask<T>(key: string, run: (counter: RateLimiterAbstract, digest: string) => Promise<T>): Promise<T> {
    // Short, whatever a client calls itself, and no list of user names in Redis.
    const digest = await tokenDigest(key);
    this.#counters ??= this.#create();
    const { memory, shared } = await this.#counters;
    if (shared !== undefined && Date.now() >= this.#pausedUntil) {
      try {
        return await withDeadline(redisTimeoutMs, () => run(shared, digest), late);
      } catch (error) {
        this.#pausedUntil = Date.now() + pauseMs;
        this.#options.onError(error);
      }
    }
    const result = await run(memory, digest);
    // Only what exists is remembered: a look makes no entry.
    if (result !== null) await this.#bound(memory, digest);
    return result;
  }

  async #bound(memory: RateLimiterMemory, digest: string): Promise<void> {
    this.#keys.add(digest);
    const [oldest] = this.#keys;
    if (this.#keys.size <= this.#options.maxEntries || oldest === undefined) return;
    this.#keys.delete(oldest);
    await memory.delete(oldest);
  }

  // The package brings a counter for every database there is: none of it is loaded where nothing is limited.
  async #create(): Promise<Counters> {
    const { RateLimiterMemory, RateLimiterRedis } = await import("rate-limiter-flexible");
    const { failures: points, seconds: duration } = this.#limit;
    const options = { points, duration, keyPrefix: `sallyport:${this.#name}` };
    const { redis } = this.#options;
    return {
      memory: new RateLimiterMemory(options),
      // Of the two clients only `ioredis` can be taught a command.
      shared:
        redis && new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: !("defineCommand" in redis) }),
    };
  }
}

function late(): Error {
  return new Error(`Redis gave no answer within ${redisTimeoutMs} ms; failed attempts are counted in memory.`);
}

// At least one: a window that ends now has not ended.
function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}
