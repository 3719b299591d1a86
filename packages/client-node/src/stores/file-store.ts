/**
 * Credentials in files that only their owner can read (STO-01, REF-01).
 */
import type { CredentialStore } from "@sallyport/auth-core";
import { SallyportError } from "@sallyport/auth-core/errors";
import { CredentialFiles, checkValue } from "./credential-files.ts";
import type { LeaseOptions } from "./lease.ts";
import { credentialFolder } from "./location.ts";
import { SharedFolder } from "./shared-folder.ts";

/** How long other processes are waited for. */
export interface FileStoreOptions extends LeaseOptions {}

/**
 * A store of files with mode 0600 in a folder with mode 0700, shared by all processes of the user. The values are not
 * encrypted: `keychainStore` does that.
 *
 * A file is replaced as a whole and flushed to the disk: a process that is killed at any instant, or a disk that is full,
 * leaves the old value or the new one. A file that is not what was written is refused, and left as it is.
 *
 * `withLock` holds across processes. The lock of a process that was killed is taken over at once; that of one that shows
 * no life for `leaseMs`, because it was stopped or its event loop is blocked, after that time. Such a process may go on
 * later, beside the newcomer, but cannot write any more: `set` and `delete` in its section reject, so that what the
 * newcomer wrote stays.
 *
 * Everything rejects with `store_unavailable` when the folder belongs to somebody else or others can write to it, when
 * the disk is full or read-only, when a file is damaged, and when others held the lock for longer than `patienceMs`.
 *
 * @param folder - where. Default: `credentials` in the folder that `SALLYPORT_HOME` names, or in `~/.sallyport`.
 *
 * @example
 * ```ts
 * import { fileStore } from "@sallyport/client-node";
 *
 * const store = fileStore("/srv/agent/credentials");
 * ```
 */
export function fileStore(folder?: string, options: FileStoreOptions = {}): CredentialStore {
  const files = new CredentialFiles(new SharedFolder(credentialFolder(folder), options));
  return {
    async get(key) {
      const content = await files.read(key);
      if (content === undefined || "value" in content) return content?.value;
      throw new SallyportError(
        "store_unavailable",
        `The credential file ${files.fileOf(key)} is encrypted with a key in the keychain. Use keychainStore for this folder, or another folder.`,
      );
    },
    async set(key, value) {
      checkValue(value);
      await files.write(key, { value });
    },
    delete: async (key) => files.remove(key),
    withLock: async (key, run) => files.withLock(key, run),
  };
}
