/**
 * Where DPoP keys live that cannot be exported: the port that a browser implements with IndexedDB (DP-06).
 */

/** Keeps key pairs whose private key never leaves the platform. Methods reject with `store_unavailable`. */
export interface DpopKeyStore {
  /** The key pair, or `undefined` when there is none. */
  get(name: string): Promise<CryptoKeyPair | undefined>;
  /** Keep a key pair. When this resolves it survives the end of the page or process. */
  set(name: string, pair: CryptoKeyPair): Promise<void>;
  /** Forget a key pair. Does nothing when there is none. */
  delete(name: string): Promise<void>;
}
