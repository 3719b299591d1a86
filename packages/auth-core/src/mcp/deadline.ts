/**
 * The time a request may take, together with every other reason to give it up.
 */

import { follow } from "./follow.ts";

/** Runs from its creation until it is cleared. */
export interface Deadline {
  /** Aborts when the time is over or one of the given signals aborts, with that reason. */
  readonly signal: AbortSignal;
  /** The promise, or the reason of the signal as soon as it aborts. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** Start the time anew: there is progress. */
  extend(): void;
  /** Forget the time and the signals. */
  clear(): void;
}

/**
 * @param milliseconds - how long.
 * @param timeoutError - the reason when the time is over.
 * @param signals - other reasons to give up.
 */
export function startDeadline(
  milliseconds: number,
  timeoutError: () => Error,
  signals: readonly (AbortSignal | undefined)[],
): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const start = (): ReturnType<typeof setTimeout> => setTimeout(() => controller.abort(timeoutError()), milliseconds);
  let timer = start();
  const detach = signals.map((other) => follow(controller, other));

  return {
    signal,
    race(promise) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        // An SDK words the end of a request its own way: the reason goes first.
        promise.then(resolve, (error) => reject(signal.aborted ? signal.reason : error));
      });
    },
    extend() {
      clearTimeout(timer);
      if (!signal.aborted) timer = start();
    },
    clear() {
      clearTimeout(timer);
      for (const stop of detach) stop();
    },
  };
}
