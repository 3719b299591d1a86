/**
 * Ends the waits of one call when the caller's signal aborts: one listener on the signal, taken off when the call ends,
 * however many waits the call consists of. Transports keep one signal for thousands of calls.
 */

export interface Abort {
  /** Wait for a promise, but no longer than until the abort; then reject with its reason. */
  race<T>(promise: Promise<T>): Promise<T>;
  release(): void;
}

/** Follow a signal. Without one, nothing is ever aborted. */
export function follow(signal: AbortSignal | undefined): Abort {
  if (signal === undefined) return never;
  signal.throwIfAborted();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  // Whoever waits when it happens reports it.
  aborted.catch(() => {});
  signal.addEventListener("abort", abort, { once: true });
  return {
    race: (promise) => Promise.race([promise, aborted]),
    release: () => signal.removeEventListener("abort", abort),
  };
}

const never: Abort = { race: (promise) => promise, release: () => {} };
