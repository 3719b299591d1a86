/**
 * What every store does alike: in memory, in files, behind keyv, in Redis and in PostgreSQL.
 */
import KeyvPostgres from "@keyv/postgres";
import KeyvRedis from "@keyv/redis";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { Keyv } from "keyv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ApiKeyRecord,
  type ApiKeyStore,
  apiKeys,
  fileKeyStore,
  keyvKeyStore,
  memoryKeyStore,
} from "../../src/index.ts";
import { type Database, hasPostgres, hasRedis, startPostgres, startRedis } from "../databases.ts";

/** Starts a place for keys. `open` opens it as another process would, where `again` is true. */
type Open = () => Promise<{ open: () => ApiKeyStore; again: boolean; close: () => Promise<void> }>;

const inMemory: Open = async () => {
  const store = memoryKeyStore();
  return { open: () => store, again: false, close: async () => {} };
};
const inFiles: Open = async () => {
  const folder: TemporaryFolder = await temporaryFolder();
  return { open: () => fileKeyStore(`${folder.path}/keys`), again: true, close: folder.remove };
};
const inMap: Open = async () => {
  const map = new Map();
  return { open: () => keyvKeyStore(new Keyv({ store: map })), again: true, close: async () => {} };
};

function behindKeyv(start: () => Promise<Database>, adapter: (url: string) => { disconnect(): Promise<void> }): Open {
  return async () => {
    const database = await start();
    const made: { disconnect(): Promise<void> }[] = [];
    const open = (): ApiKeyStore => {
      const store = adapter(database.url);
      made.push(store);
      return keyvKeyStore(new Keyv({ store, namespace: "mcp-keys" }));
    };
    const close = async (): Promise<void> => {
      // Adapters of one URL may share a pool, which ends once.
      for (const each of made) await each.disconnect().catch(() => {});
      await database.close();
    };
    return { open, again: true, close };
  };
}

const places: readonly (readonly [name: string, open: Open, has: boolean])[] = [
  ["memory", inMemory, true],
  ["files", inFiles, true],
  ["keyv over a Map", inMap, true],
  ["Redis (needs the Debian package redis-server)", behindKeyv(startRedis, (url) => new KeyvRedis(url)), hasRedis],
  [
    "PostgreSQL (needs the Debian package postgresql)",
    behindKeyv(startPostgres, (uri) => new KeyvPostgres({ uri })),
    hasPostgres,
  ],
];

let serial = 0;
function record(more: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  serial += 1;
  const id = `id${String(serial).padStart(14, "0")}`;
  return {
    id,
    hash: "h".repeat(43),
    subject: "zoë ✓",
    scopes: ["a", "b"],
    claims: { deep: [1, { x: null }] },
    createdAt: 5,
    ...more,
  };
}

describe.each(places.map(([name, start, has]) => ({ name, start, has })))("$name", ({ start, has }) => {
  let place: Awaited<ReturnType<Open>>;
  let store: ApiKeyStore;
  beforeAll(async () => {
    if (!has) return;
    place = await start();
    store = place.open();
  }, 60_000);
  afterAll(() => place?.close());

  it.skipIf(!has)("has nothing at first", async () => {
    expect(await store.find("0123456789abcdef")).toBeUndefined();
    expect(await store.list()).toEqual([]);
  });

  it.skipIf(!has)("gives back what was put, and puts it in place of what was there", async () => {
    const first = record({ name: "n", expiresAt: 9, rotatedAt: undefined as never });
    delete (first as { rotatedAt?: number }).rotatedAt;
    await store.put(first);
    expect(await store.find(first.id)).toEqual(first);
    const second = { ...first, hash: "g".repeat(43), previous: { hash: first.hash, expiresAt: 7 }, rotatedAt: 6 };
    await store.put(second);
    expect(await store.find(first.id)).toEqual(second);
    expect(await store.list()).toContainEqual(second);
  });

  it.skipIf(!has)("keeps a revocation, whatever is written after it", async () => {
    const key = record();
    await store.put(key);
    await store.revoke(key.id, 20);
    await store.touch(key.id, 30);
    await store.put({ ...key, rotatedAt: 25 });
    expect(await store.find(key.id)).toMatchObject({ revokedAt: 20, rotatedAt: 25 });
    expect(await store.list()).toContainEqual({ ...key, rotatedAt: 25, revokedAt: 20, lastUsedAt: 30 });
  });

  it.skipIf(!has)("keeps a revocation that coincides with rotations and uses", async () => {
    const key = record();
    await store.put(key);
    const rotated = { ...key, rotatedAt: 25 };
    const changes = Array.from({ length: 10 }, () => [store.put(rotated), store.touch(key.id, 30)]).flat();
    await Promise.all([...changes.slice(0, 10), store.revoke(key.id, 20), ...changes.slice(10)]);
    expect(await store.find(key.id)).toMatchObject({ id: key.id, revokedAt: 20 });
  });

  it.skipIf(!has)("is shared: what one has written, the other reads", async () => {
    if (!place.again) return;
    const key = record();
    await store.put(key);
    const other = place.open();
    expect(await other.find(key.id)).toEqual(key);
    await other.revoke(key.id, 20);
    expect(await store.find(key.id)).toMatchObject({ revokedAt: 20 });
  });

  it.skipIf(!has)("serves a provider from the first key to its end", async () => {
    const auth = apiKeys({ store });
    const first = await auth.create({ subject: "ci", scopes: ["deploy"], claims: { team: "mail" } });
    const second = await auth.rotate(first.id);
    for (const { key } of [first, second]) expect(await auth.verifyToken(key)).toMatchObject({ subject: "ci" });
    expect(await auth.revoke(first.id)).toBe(true);
    for (const { key } of [first, second]) expect(await auth.verifyToken(key)).toBeNull();
  });
});
