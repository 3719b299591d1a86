/**
 * One task at a time, whoever asks for it: simultaneous callers share it, and it is given up when nobody waits any more.
 */
import { follow } from "../../follow.ts";

export class SingleFlight<T> {
  #flight: { readonly result: Promise<T>; readonly giveUp: AbortController; waiting: number } | undefined;

  /** Whether a task is under way. */
  get busy(): boolean {
    return this.#flight !== undefined;
  }

  /**
   * The outcome of the task that is under way, or of `task`, started now.
   *
   * @param signal - ends this caller's wait, and the task when the caller was the last one.
   * @returns rejects with what the task throws, or the reason of the signal.
   */
  async join(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    this.#flight ??= this.#start(task);
    const flight = this.#flight;
    flight.waiting += 1;
    // One listener between all who share a signal.
    const own = new AbortController();
    const stop = follow(own, signal);
    const left = new Promise<never>((_, reject) => {
      own.signal.addEventListener("abort", () => reject(own.signal.reason), { once: true });
    });
    try {
      return await Promise.race([flight.result, left]);
    } finally {
      stop();
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#abandon(flight);
    }
  }

  #start(task: (signal: AbortSignal) => Promise<T>) {
    const giveUp = new AbortController();
    const flight = { result: task(giveUp.signal), giveUp, waiting: 0 };
    const land = (): void => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    flight.result.then(land, land);
    return flight;
  }

  #abandon(flight: { readonly giveUp: AbortController }): void {
    // Whoever comes next starts anew and does not join what is being given up.
    if (this.#flight === flight) this.#flight = undefined;
    flight.giveUp.abort(new DOMException("Nobody waits for it any more.", "AbortError"));
  }
}
