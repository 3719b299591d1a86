/**
 * An `AbortSignal` for the time of one call: one listener on the caller's signal, taken off when the call ends, however
 * many requests and waits the call consists of. Transports keep one signal for thousands of calls.
 */

export interface Abort {
  /** Follows the caller's signal until {@link release}. */
  readonly signal: AbortSignal | undefined;
  /** Wait for a promise, but no longer than until the abort; then reject with its reason. */
  race<T>(promise: Promise<T>): Promise<T>;
  release(): void;
}

/** Follow a signal. Without one, nothing is ever aborted. */
export function follow(signal: AbortSignal | undefined): Abort {
  if (signal === undefined) return never;
  signal.throwIfAborted();
  const controller = new AbortController();
  const { promise: aborted, reject } = withReject();
  const abort = (): void => {
    controller.abort(signal.reason);
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    race: (promise) => Promise.race([promise, aborted]),
    release: () => signal.removeEventListener("abort", abort),
  };
}

const never: Abort = { signal: undefined, race: (promise) => promise, release: () => {} };

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  // Aborting is reported by whoever races against it.
  promise.catch(() => {});
  return { promise, reject };
}
