import type { CredentialStore } from "@sallyport/auth-core";
import { type FileStoreOptions, fileStore } from "./file-store.ts";

/** Where credentials are kept, and who is told when they cannot be encrypted. */
export interface KeychainStoreOptions extends FileStoreOptions {
  /** The folder of the encrypted files. Default: as of `fileStore`. */
  readonly folder?: string;
  /** Told when there is no keychain and the files are not encrypted. Default: `process.emitWarning`, once a process. */
  readonly onNotice?: (message: string) => void;
}

export function keychainStore(options: KeychainStoreOptions = {}): CredentialStore {
  return fileStore(options.folder, options);
}
