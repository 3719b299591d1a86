/**
 * A value that can be watched: the snapshot keeps its identity until it changes, as `useSyncExternalStore` wants it.
 */

export interface Observable<Value extends object> {
  get(): Value;
  set(value: Value): void;
  /** Call `listener` after each change; returns what ends that. */
  subscribe(listener: () => void): () => void;
}

export function observable<Value extends object>(initial: Value): Observable<Value> {
  const listeners = new Set<() => void>();
  let current = Object.freeze(initial);
  return {
    get: () => current,
    set(value) {
      current = Object.freeze(value);
      for (const listener of [...listeners]) {
        try {
          listener();
        } catch {
          // A listener's error is its own: the value has changed all the same, and the others hear of it.
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
