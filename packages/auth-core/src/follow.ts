/**
 * Lets controllers follow a signal with one listener between them, taken back one by one: a connection has one signal for
 * thousands of requests, and Node warns of a leak at the eleventh listener. `AbortSignal.any` keeps what it made until the
 * signal itself is gone.
 */

const followers = new WeakMap<AbortSignal, Set<AbortController>>();

/** Abort `controller` with the reason of `signal` when that aborts. Returns what ends that. */
export function follow(controller: AbortController, signal: AbortSignal | null | undefined): () => void {
  if (signal === null || signal === undefined) return () => {};
  if (signal.aborted) controller.abort(signal.reason);
  const known = followers.get(signal);
  const all = known ?? new Set<AbortController>();
  if (known === undefined) {
    followers.set(signal, all);
    const abort = (): void => {
      for (const each of all) each.abort(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
  }
  all.add(controller);
  return () => void all.delete(controller);
}
