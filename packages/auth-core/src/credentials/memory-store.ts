/**
 * Credentials that end with the process, and the queue that keeps sections with one key apart inside it.
 */
import type { CredentialStore } from "./store.ts";

/**
 * A store that keeps nothing: its credentials are gone when the process or page ends, and no other process or tab sees
 * them. For tests, for programs that must leave nothing behind, and where each start signs in anew.
 *
 * Who waits for a lock gets it in the order of asking; a section that throws lets the next one in.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@sallyport/auth-core";
 *
 * const store = memoryStore();
 * await store.set("greeting", "hello");
 * await store.get("greeting"); // "hello"
 * ```
 */
export function memoryStore(): CredentialStore {
  const values = new Map<string, string>();
  // The end of each key's queue: settles when the last section in it is over, and never rejects.
  const ends = new Map<string, Promise<unknown>>();
  return {
    async get(key) {
      return values.get(key);
    },
    async set(key, value) {
      values.set(key, value);
    },
    async delete(key) {
      values.delete(key);
    },
    async withLock(key, run) {
      const turn = (ends.get(key) ?? Promise.resolve()).then(() => run());
      const end = turn.then(ignore, ignore);
      ends.set(key, end);
      try {
        return await turn;
      } finally {
        if (ends.get(key) === end) ends.delete(key);
      }
    },
  };
}

function ignore(): void {}
