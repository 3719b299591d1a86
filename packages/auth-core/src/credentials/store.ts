/**
 * Where credentials live: the port that a file, a keychain, a database or a browser's storage implements.
 */

/**
 * Keeps credentials. Keys are short ASCII texts without a path separator; values are opaque strings of up to a few
 * kilobytes and hold secrets: whoever can read them can act for the person.
 *
 * Every method rejects with `store_unavailable` when the store cannot be used; nothing is lost silently.
 */
export interface CredentialStore {
  /** The value, or `undefined` when there is none. */
  get(key: string): Promise<string | undefined>;
  /** Write a value. When this resolves, the value survives the end of the process, as far as the store survives it at all. */
  set(key: string, value: string): Promise<void>;
  /** Forget a value. Does nothing when there is none. */
  delete(key: string): Promise<void>;
  /**
   * Run while nobody else who uses the same store runs with the same key: not in this process, in another one, or in
   * another tab. The lock of a holder that is gone is taken over. `run` may use `get`, `set` and `delete` with any key,
   * but not take the same lock again.
   *
   * @returns what `run` returns; rejects with what it throws.
   */
  withLock<T>(key: string, run: () => Promise<T>): Promise<T>;
}
