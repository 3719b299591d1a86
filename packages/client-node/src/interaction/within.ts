/**
 * A bound on waiting for a person.
 */

export interface Limits {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** What the wait fails with when the time is over. */
  readonly late: () => Error;
  /** Each ends the wait with its reason. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

// Timers count in 32 bits: what is longer would end at once.
const longest = 2 ** 31 - 1;

/**
 * Wait for `run`, until the time is over or a signal ends it.
 *
 * @param run - gets a signal that is aborted in any case once the wait is over.
 */
export async function within<T>(limits: Limits, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signals = limits.signals.filter((signal) => signal !== undefined);
  for (const signal of signals) signal.throwIfAborted();
  const end = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    end.signal.addEventListener("abort", () => reject(end.signal.reason), { once: true });
  });
  const abort = (event: Event): void => end.abort((event.target as AbortSignal).reason);
  for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => end.abort(limits.late()), Math.min(limits.timeoutMs, longest));
  try {
    return await Promise.race([ended, run(end.signal)]);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", abort);
    end.abort();
  }
}
