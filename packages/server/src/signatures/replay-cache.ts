/**
 * Remembers signed requests for as long as they could be sent again.
 */
import { SallyportError } from "@sallyport/auth-core";

/** Where signed requests are remembered. Servers that share their keys share one, or a replay goes to the other server. */
export interface ReplayCache {
  /**
   * Remember a key, in one step that two requests cannot both win.
   *
   * @param key - 64 hexadecimal digits.
   * @param expiresAt - when it may be forgotten, in seconds since 1970.
   * @returns whether it is new. Reject when that cannot be known: the request then fails.
   */
  remember(key: string, expiresAt: number): boolean | Promise<boolean>;
}

/** Options of {@link memoryReplayCache}. */
export interface MemoryReplayCacheOptions {
  /** How many requests are remembered at most. Default 100,000, about 20 MB. */
  readonly maxEntries?: number;
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * A replay cache for one process. When it is full, `remember` throws `temporarily_unavailable`: forgetting early would
 * let replays in. Only requests with a good signature get here.
 *
 * @throws SallyportError `config_invalid` when `maxEntries` is not a whole number above 0.
 *
 * @example
 * ```ts
 * import { memoryReplayCache, verifyHttpSignature } from "@sallyport/server";
 *
 * declare const request: Request;
 * declare function publicKeyOf(keyId: string): Promise<{ key: string } | undefined>;
 *
 * const replayCache = memoryReplayCache();
 * const verdict = await verifyHttpSignature(request, { keys: publicKeyOf, replayCache });
 * ```
 */
export function memoryReplayCache(options: MemoryReplayCacheOptions = {}): ReplayCache {
  const { maxEntries = 100_000, now = Date.now } = options;
  if (!(Number.isInteger(maxEntries) && maxEntries > 0)) {
    throw new SallyportError("config_invalid", "maxEntries: must be a whole number above 0.");
  }
  const known = new Map<string, number>();

  const forgetExpired = (seconds: number): void => {
    for (const [key, expiresAt] of known) if (expiresAt < seconds) known.delete(key);
  };
  return {
    remember(key, expiresAt) {
      const seconds = now() / 1000;
      const until = known.get(key);
      if (until !== undefined && until >= seconds) return false;
      if (known.size >= maxEntries) forgetExpired(seconds);
      if (known.size >= maxEntries) {
        throw new SallyportError(
          "temporarily_unavailable",
          `The replay cache is full with ${maxEntries} signed requests. Raise maxEntries, or shorten windowSeconds.`,
        );
      }
      known.set(key, expiresAt);
      return true;
    },
  };
}
