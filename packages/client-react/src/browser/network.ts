/**
 * When to try a lost connection again.
 */

/** Milliseconds to wait before the n-th try, counted from 0: 1, 2, 4 … seconds, at most 30, a quarter of it random so that pages do not return all at once. */
export function reconnectDelay(tries: number): number {
  return Math.min(1000 * 2 ** tries, 30_000) * (0.75 + Math.random() / 4);
}

/** Calls `listener` when the browser is online again. Does nothing where there is no such event. */
export function onOnline(listener: () => void): () => void {
  globalThis.addEventListener?.("online", listener);
  return () => globalThis.removeEventListener?.("online", listener);
}
