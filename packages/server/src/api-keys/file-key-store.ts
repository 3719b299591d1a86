/**
 * API keys in files, for servers of one machine. What touches the disk is in `key-files.ts`, loaded with the first key:
 * runtimes without `node:fs` load this file and never call it.
 */
import type { KeyFiles } from "./key-files.ts";
import type { ApiKeyStore } from "./store.ts";

/**
 * A store of files with mode 0600 in a folder with mode 0700, for any number of processes of one user.
 *
 * Each key has a file of its own, and so have its revocation and its last use: whatever two processes do at a time, no change
 * undoes another, and no lock is needed. A file is replaced as a whole; a process that is killed at any instant leaves the old
 * one or the new one. What one process has revoked, all others refuse with their next request.
 *
 * Everything rejects with `store_unavailable` when the folder belongs to somebody else or others can write to it, when it has
 * gone, and when a file is damaged.
 *
 * @param folder - is made when it is first needed. On a local disk: with each request a file is read, and waited for.
 *
 * @example
 * ```ts
 * import { apiKeys, fileKeyStore, MCPServer } from "@sallyport/server";
 *
 * const auth = apiKeys({ store: fileKeyStore("/srv/mcp/keys") });
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth });
 * ```
 */
export function fileKeyStore(folder: string): ApiKeyStore {
  let opening: Promise<KeyFiles> | undefined;
  const files = (): Promise<KeyFiles> => {
    opening ??= import("./key-files.ts")
      .then(({ openKeyFiles }) => openKeyFiles(folder))
      .catch((error: unknown) => {
        // The next request tries again.
        opening = undefined;
        throw error;
      });
    return opening;
  };
  return {
    find: async (id) => (await files()).find(id),
    list: async () => (await files()).list(),
    put: async (record) => (await files()).put(record),
    revoke: async (id, at) => (await files()).revoke(id, at),
    touch: async (id, at) => (await files()).touch(id, at),
  };
}
