/**
 * The keychain of macOS, Windows and Linux, for small secrets. Some truncate what is larger
 * (https://github.com/anthropics/claude-code/issues/30337), so only a key is ever kept there.
 */

/** Secrets of the person who runs the program, by account name. Rejects when it is missing, locked, or access is denied. */
export interface Keychain {
  /** The secret, or `undefined` when there is none. */
  get(account: string): Promise<Uint8Array | undefined>;
  set(account: string, secret: Uint8Array): Promise<void>;
}

const service = "sallyport";

/** The keychain of this machine. Loads a native binding. */
export const systemKeychain: Keychain = {
  async get(account) {
    const secret = await (await entryOf(account)).getSecret();
    return secret ? Uint8Array.from(secret) : undefined;
  },
  async set(account, secret) {
    await (await entryOf(account)).setSecret(secret);
  },
};

async function entryOf(account: string): Promise<import("@napi-rs/keyring").AsyncEntry> {
  const { AsyncEntry } = await import("@napi-rs/keyring");
  // The other store of Linux, the kernel's key ring, forgets everything when the machine restarts.
  return new AsyncEntry(service, account, { linux: { store: "secret-service" } });
}
