/**
 * Credentials in encrypted files, with the key in the keychain (STO-01, REF-01).
 */
import type { CredentialStore } from "@sallyport/auth-core";
import { seal, unseal } from "./cipher.ts";
import { CredentialFiles, checkValue } from "./credential-files.ts";
import type { FileStoreOptions } from "./file-store.ts";
import { FolderKey, NoKeychain } from "./folder-key.ts";
import { type Keychain, systemKeychain } from "./keychain.ts";
import { credentialFolder } from "./location.ts";
import { damaged, type Sealed } from "./record.ts";
import { SharedFolder } from "./shared-folder.ts";

/** Where credentials are kept, and who is told when they cannot be encrypted. */
export interface KeychainStoreOptions extends FileStoreOptions {
  /** The folder of the encrypted files. Default: `credentials` in the folder that `SALLYPORT_HOME` names, or in `~/.sallyport`. */
  readonly folder?: string;
  /** Told when there is no keychain and files are written unencrypted. Default: `process.emitWarning`, once a process. */
  readonly onNotice?: (message: string) => void;
}

/**
 * A store as `fileStore` makes one, its values encrypted with AES-256-GCM. The keychain of the system (macOS Keychain,
 * Windows Credential Manager, Secret Service on Linux) holds one random key per folder, and is asked for it when the
 * first value is read or written.
 *
 * Without a keychain, as in a container, the values are written unencrypted, as `fileStore` does, and `onNotice` is told.
 * Once a keychain is there, each is encrypted when it is next written.
 *
 * Everything rejects with `store_unavailable` as with `fileStore`, and when something is encrypted and the keychain does
 * not give the key, because it is locked or denies access. No second key is made then: unlock it and try again.
 *
 * @example
 * ```ts
 * import { keychainStore } from "@sallyport/client-node";
 *
 * const store = keychainStore({ onNotice: (message) => console.error(message) });
 * ```
 */
export function keychainStore(options: KeychainStoreOptions = {}): CredentialStore {
  return new KeychainStore(options, systemKeychain);
}

export class KeychainStore implements CredentialStore {
  readonly #files: CredentialFiles;
  readonly #folderKey: FolderKey;
  readonly #onNotice: (message: string) => void;
  #opening: Promise<CryptoKey> | undefined;
  #noKeychain = false;

  constructor({ folder, onNotice = warnOnce, ...options }: KeychainStoreOptions, keychain: Keychain) {
    this.#files = new CredentialFiles(new SharedFolder(credentialFolder(folder), options));
    this.#folderKey = new FolderKey(this.#files, keychain);
    this.#onNotice = onNotice;
  }

  async get(key: string): Promise<string | undefined> {
    const content = await this.#files.read(key);
    if (content === undefined || "value" in content) return content?.value;
    return this.#unseal(key, content.sealed);
  }

  async set(key: string, value: string): Promise<void> {
    checkValue(value);
    const cipher = await this.#cipherForWriting();
    await this.#files.write(key, cipher === undefined ? { value } : { sealed: await seal(cipher, key, value) });
  }

  async delete(key: string): Promise<void> {
    await this.#files.remove(key);
  }

  async withLock<T>(key: string, run: () => Promise<T>): Promise<T> {
    return this.#files.withLock(key, run);
  }

  async #unseal(key: string, sealed: Sealed): Promise<string> {
    const value = await unseal(await this.#cipher(), key, sealed);
    if (value !== undefined) return value;
    throw damaged(this.#files.fileOf(key), "it does not decrypt, so it was changed after it was written");
  }

  async #cipherForWriting(): Promise<CryptoKey | undefined> {
    // Asked once: a keychain that denies access would ask the person again and again.
    if (this.#noKeychain && !(await this.#folderKey.exists())) return undefined;
    try {
      return await this.#cipher();
    } catch (error) {
      if (!(error instanceof NoKeychain)) throw error;
      if (!this.#noKeychain) this.#onNotice(notice(error.message, this.#files.folder.path));
      this.#noKeychain = true;
      return undefined;
    }
  }

  #cipher(): Promise<CryptoKey> {
    if (this.#opening === undefined) {
      const opening = this.#folderKey.open();
      this.#opening = opening;
      // Whoever asks next may find it unlocked.
      opening.catch(() => {
        this.#opening = undefined;
      });
    }
    return this.#opening;
  }
}

function notice(reason: string, folder: string): string {
  return `There is no keychain to use (${reason}): credentials are kept unencrypted in ${folder}, readable for you alone. Start a keychain, on Linux a Secret Service such as gnome-keyring; or choose fileStore to say that this is meant.`;
}

let warned = false;

function warnOnce(message: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(message, { type: "SallyportWarning", code: "SALLYPORT_NO_KEYCHAIN" });
}
