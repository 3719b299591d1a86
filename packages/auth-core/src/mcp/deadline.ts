/**
 * The time a request may take, together with every other reason to give it up.
 */

import { follow } from "../follow.ts";

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

/** Something that time is given for: while a person is asked, nobody else is late. */
export interface Patience {
  isWaiting(): boolean;
  /** Call `listener` after each change; returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/**
 * @param milliseconds - how long.
 * @param timeoutError - the reason when the time is over.
 * @param signals - other reasons to give up.
 * @param patience - stops the time while it is waiting; it starts anew after that.
 */
export function startDeadline(
  milliseconds: number,
  timeoutError: () => Error,
  signals: readonly (AbortSignal | undefined)[],
  patience?: Patience,
): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restart = (): void => {
    clearTimeout(timer);
    if (signal.aborted || patience?.isWaiting()) return;
    timer = setTimeout(() => controller.abort(timeoutError()), milliseconds);
  };
  restart();
  const detach = signals.map((other) => follow(controller, other));
  if (patience !== undefined) detach.push(patience.subscribe(restart));

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
    extend: restart,
    clear() {
      for (const stop of detach) stop();
      clearTimeout(timer);
    },
  };
}
