/**
 * API keys in the memory of the process: for tests, and for keys that live no longer than the server.
 */
import type { ApiKeyRecord, ApiKeyStore, StoredApiKey } from "./store.ts";

/**
 * A store in memory. It holds what was created, and nothing else.
 *
 * @example
 * ```ts
 * import { apiKeys, memoryKeyStore } from "@sallyport/server";
 *
 * const auth = apiKeys({ store: memoryKeyStore() });
 * const { key } = await auth.create({ subject: "ci", scopes: ["deploy"] });
 * ```
 */
export function memoryKeyStore(): ApiKeyStore {
  const records = new Map<string, ApiKeyRecord>();
  const revoked = new Map<string, number>();
  const used = new Map<string, number>();

  const stored = (record: ApiKeyRecord): StoredApiKey => {
    const revokedAt = revoked.get(record.id);
    const lastUsedAt = used.get(record.id);
    return {
      ...record,
      ...(revokedAt !== undefined && { revokedAt }),
      ...(lastUsedAt !== undefined && { lastUsedAt }),
    };
  };
  return {
    async find(id) {
      const record = records.get(id);
      return record && stored(record);
    },
    list: async () => [...records.values()].map(stored),
    async put(record) {
      records.set(record.id, structuredClone(record));
    },
    async revoke(id, at) {
      if (!revoked.has(id)) revoked.set(id, at);
    },
    async touch(id, at) {
      used.set(id, at);
    },
  };
}
