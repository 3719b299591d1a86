/**
 * The key with which the credentials of one folder are encrypted. It lies in the keychain; a note in the folder says
 * under which account, and how to know it again. While the note or anything encrypted is there, no second key is made:
 * a keychain that is locked would otherwise cost every credential.
 */
import { realpath } from "node:fs/promises";
import { quoteForeign, SallyportError } from "@sallyport/auth-core/errors";
import { importKey, keyBytes } from "./cipher.ts";
import type { CredentialFiles } from "./credential-files.ts";
import type { Keychain } from "./keychain.ts";
import { damaged, parseObject, sha256 } from "./record.ts";

/** There is no keychain that keeps a key, and nothing that needs one. */
export class NoKeychain extends Error {
  override get name(): string {
    return "NoKeychain";
  }
}

interface Note {
  readonly account: string;
  /** SHA-256 of the key, which is random: nothing can be learned from it. */
  readonly fingerprint: string;
}

const noteName = ".keychain";

// Unlocking may ask a person, who may not be there.
const answerMs = 120_000;

export class FolderKey {
  readonly #files: CredentialFiles;
  readonly #keychain: Keychain;

  constructor(files: CredentialFiles, keychain: Keychain) {
    this.#files = files;
    this.#keychain = keychain;
  }

  /**
   * The key: the one that is there, or a new one.
   *
   * @throws NoKeychain
   * @throws SallyportError `store_unavailable` when there is a key that cannot be had, or something that needs one.
   */
  async open(): Promise<CryptoKey> {
    const note = await this.#readNote();
    if (note !== undefined) return this.#find(note);
    // Only one process makes a key.
    return this.#files.folder.withLock(noteName, async () => {
      const made = await this.#readNote();
      return made === undefined ? this.#make() : this.#find(made);
    });
  }

  /** Whether there is a key, wherever it was made. */
  async exists(): Promise<boolean> {
    return (await this.#readNote()) !== undefined;
  }

  async #find({ account, fingerprint }: Note): Promise<CryptoKey> {
    let secret: Uint8Array | undefined;
    try {
      secret = await this.#ask(this.#keychain.get(account));
    } catch (error) {
      throw this.#locked(error);
    }
    if (secret !== undefined && sha256(secret) === fingerprint) return importKey(secret);
    const what = secret === undefined ? "has no key" : "has another key";
    throw this.#unavailable(
      `the keychain ${what} for it (service "sallyport", account "${account}"). Restore that entry; on another machine set SALLYPORT_HOME to a folder of its own. If the key is lost, delete the folder and sign in again.`,
    );
  }

  async #make(): Promise<CryptoKey> {
    const account = `credentials-${sha256(await realpath(this.#files.folder.path)).slice(0, 32)}`;
    let secret: Uint8Array;
    try {
      // It is there when a process was killed before it wrote the note, or the folder was deleted.
      const found = await this.#ask(this.#keychain.get(account));
      secret = found?.length === keyBytes ? found : await this.#add(account);
    } catch (error) {
      if (error instanceof SallyportError) throw error;
      if (await this.#files.anySealed()) throw this.#locked(error);
      throw new NoKeychain(reasonOf(error), { cause: error });
    }
    const note: Note = { account, fingerprint: sha256(secret) };
    await this.#files.folder.write(noteName, `${JSON.stringify({ version: 1, ...note })}\n`);
    return importKey(secret);
  }

  async #add(account: string): Promise<Uint8Array> {
    if (await this.#files.anySealed()) {
      throw this.#unavailable(
        "the keychain has no key for it. Restore the key, or delete the folder and sign in again.",
      );
    }
    const secret = crypto.getRandomValues(new Uint8Array(keyBytes));
    await this.#ask(this.#keychain.set(account, secret));
    const kept = await this.#ask(this.#keychain.get(account));
    if (kept === undefined || sha256(kept) !== sha256(secret)) throw new Error("it does not keep what is written");
    return secret;
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it did not answer for ${answerMs / 1000} seconds`)), answerMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #readNote(): Promise<Note | undefined> {
    const { folder } = this.#files;
    const text = await folder.read(noteName);
    if (text === undefined) return undefined;
    const note = parseObject(text);
    const { version, account, fingerprint } = note ?? {};
    if (version === 1 && typeof account === "string" && typeof fingerprint === "string")
      return { account, fingerprint };
    throw damaged(folder.fileOf(noteName), "it is not the note about the key that was written");
  }

  #locked(error: unknown): SallyportError {
    return this.#unavailable(
      `the keychain did not give its key: ${reasonOf(error)}. Unlock the keychain and allow access, then try again. Nothing was changed.`,
      error,
    );
  }

  #unavailable(why: string, cause?: unknown): SallyportError {
    const what = `The credentials in ${this.#files.folder.path} are encrypted, and ${why}`;
    return new SallyportError("store_unavailable", what, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? quoteForeign(error.message) : "unknown error";
}
