/**
 * Notes when keys were last used: seldom, and beside the request. A store that is slow or fails to note it delays nobody.
 */
import type { ApiKeyStore } from "./store.ts";

/** Keys whose last note is remembered. One that is forgotten is noted again too soon, which does no harm. */
const maxEntries = 10_000;

/** The last uses of one provider's keys. */
export class LastUse {
  readonly #store: ApiKeyStore;
  readonly #everyMs: number;
  readonly #onError: (error: unknown) => void;
  /** When each key was noted last, in milliseconds since 1970; the oldest first. */
  readonly #noted: Map<string, number> = new Map();

  constructor(store: ApiKeyStore, everyMs: number, onError: (error: unknown) => void) {
    this.#store = store;
    this.#everyMs = everyMs;
    this.#onError = onError;
  }

  /** @param now - in milliseconds since 1970. */
  note(id: string, now: number): void {
    const last = this.#noted.get(id);
    if (last !== undefined && now - last < this.#everyMs) return;
    this.#noted.delete(id);
    this.#noted.set(id, now);
    const [oldest] = this.#noted.keys();
    if (this.#noted.size > maxEntries && oldest !== undefined) this.#noted.delete(oldest);
    // A store of one's own may throw where it should reject, and so may a listener.
    Promise.resolve()
      .then(() => this.#store.touch(id, Math.floor(now / 1000)))
      .catch(this.#onError)
      .catch(() => {});
  }
}
