/**
 * API keys in anything that keyv reaches: Redis, PostgreSQL, SQLite and others.
 *
 * A key has three entries: `key:<id>` is its record, `state:<id>` says that it is good or since when it is revoked, `used:<id>` is
 * its last use. They are written apart, so that no change undoes another: keyv has no transactions.
 *
 * keyv and its adapters answer "nothing there" when the database cannot be reached (keyv 5: `getMany`, `@keyv/redis`). Taken
 * for an answer, that would turn away every caller with a 401, or forget a revocation. So a record without its state is a failure,
 * and "nothing" counts only when an entry that must be there, `store`, can be read too.
 */
import { SallyportError } from "@sallyport/auth-core";
import { isKeyId } from "./key-format.ts";
import { type ApiKeyRecord, type ApiKeyStore, damaged, isTime, type StoredApiKey } from "./store.ts";

/** What is needed of a `Keyv`. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  getMany(keys: string[]): Promise<unknown[]>;
  set(key: string, value: unknown): Promise<unknown>;
  /** Whether all entries can be listed depends on the adapter. */
  // biome-ignore lint/suspicious/noExplicitAny: keyv's own type.
  iterator?: ((namespace?: any) => AsyncGenerator<any, void>) | undefined;
}

/**
 * A store behind a `Keyv`, shared by every process that uses the same database and namespace. Give keys a namespace of their own:
 * `list` reads all entries of it. Use a database that keeps what it is given: no eviction, no default `ttl`.
 *
 * Rejects with `store_unavailable` when the database cannot be reached, whether keyv says so or not.
 *
 * @param keyv - with its default serialization or one that keeps JSON as it is.
 *
 * @example
 * ```ts
 * import { apiKeys, keyvKeyStore, MCPServer } from "@sallyport/server";
 * import { Keyv } from "keyv";
 *
 * declare const adapter: Map<string, unknown>; // new KeyvRedis("redis://…"), new KeyvPostgres("postgres://…")
 *
 * const store = keyvKeyStore(new Keyv({ store: adapter, namespace: "mcp-keys" }));
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: apiKeys({ store }) });
 * ```
 */
export function keyvKeyStore(keyv: KeyvLike): ApiKeyStore {
  return {
    async find(id) {
      const [record, state] = await guarded(() => keyv.getMany([`key:${id}`, `state:${id}`]));
      if (record !== undefined && record !== null) return readKey(id, record, state);
      await mustAnswer(keyv);
      return undefined;
    },

    async list() {
      const iterator = keyv.iterator;
      if (iterator === undefined) {
        throw new SallyportError(
          "store_unavailable",
          "keyvKeyStore: this adapter of keyv cannot list what it holds. Keys in it can be used, but not listed.",
        );
      }
      const ids: string[] = [];
      await guarded(async () => {
        for await (const [name] of iterator.call(keyv, undefined)) {
          const id = typeof name === "string" ? (/(?:^|:)key:([a-z0-9]{16})$/.exec(name)?.[1] ?? "") : "";
          if (isKeyId(id)) ids.push(id);
        }
      });
      if (ids.length === 0) await mustAnswer(keyv);
      const keys: StoredApiKey[] = [];
      for (const id of ids) {
        const entries = [`key:${id}`, `state:${id}`, `used:${id}`];
        const [record, state, lastUsedAt] = await guarded(() => keyv.getMany(entries));
        if (record === undefined || record === null) throw unreachable("it lists a key that it does not give");
        keys.push({ ...readKey(id, record, state), ...(isTime(lastUsedAt) && { lastUsedAt }) });
      }
      return keys;
    },

    async put(record) {
      const state = `state:${record.id}`;
      // The state first: until the record is there too, nobody has the key.
      const [known] = await guarded(() => keyv.getMany([state]));
      if (known === undefined || known === null) {
        await mustAnswer(keyv);
        // One that was there before has a state, and it may be a revocation.
        if (record.rotatedAt !== undefined) throw unreachable("a key has no state");
        await write(keyv, state, "active");
      }
      await write(keyv, `key:${record.id}`, record);
    },

    async revoke(id, at) {
      await write(keyv, `state:${id}`, at);
    },

    async touch(id, at) {
      await guarded(() => keyv.set(`used:${id}`, at));
    },
  };
}

function readKey(id: string, value: unknown, state: unknown): StoredApiKey {
  // What it is, whoever asks will see.
  const record = value as ApiKeyRecord;
  if (state === "active") return record;
  if (isTime(state)) return { ...record, revokedAt: state };
  // Nothing is known of a revocation.
  throw state === undefined || state === null ? unreachable("a key has no state") : damaged(id);
}

/** Rejects unless an entry that is there can be read. It is made by whoever first misses it. */
async function mustAnswer(keyv: KeyvLike): Promise<void> {
  const marker = async (): Promise<boolean> => (await guarded(() => keyv.get("store"))) === "sallyport";
  if (await marker()) return;
  await guarded(() => keyv.set("store", "sallyport"));
  if (!(await marker())) throw unreachable("it does not keep what it is given");
}

/** Write an entry, and believe it only when it can be read. */
async function write(keyv: KeyvLike, key: string, value: unknown): Promise<void> {
  await guarded(() => keyv.set(key, value));
  const kept = await guarded(() => keyv.get(key));
  if (JSON.stringify(kept) !== JSON.stringify(value)) throw unreachable("it does not keep what it is given");
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw unreachable("it cannot be reached", cause);
  }
}

function unreachable(why: string, cause?: unknown): SallyportError<"store_unavailable"> {
  const options = cause === undefined ? {} : { cause };
  return new SallyportError("store_unavailable", `keyvKeyStore: the database did not answer: ${why}.`, options);
}
