/**
 * keyv and its adapters answer "nothing there" when their database fails. That must never become a 401, nor a forgotten revocation.
 */
import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { describe, expect, it } from "vitest";
import { type ApiKeyRecord, apiKeys, createAuthGate, type KeyvLike, keyvKeyStore } from "../../src/index.ts";
import { hasRedis, startRedis } from "../databases.ts";
import { callTool, post } from "../messages.ts";

const unavailable = expect.objectContaining({ code: "store_unavailable" });

/** A map whose entries vanish while it is down, as `@keyv/redis` makes it look. */
function swallowing(): {
  readonly keyv: Keyv;
  fail(kind: RegExp | undefined): void;
  readonly map: Map<string, unknown>;
} {
  const map = new Map<string, unknown>();
  let failing: RegExp | undefined;
  const isDown = (key: string): boolean => failing?.test(key) === true;
  const store = {
    opts: {},
    get: async (key: string) => (isDown(key) ? undefined : map.get(key)),
    set: async (key: string, value: unknown) => void (isDown(key) || map.set(key, value)),
    delete: async (key: string) => map.delete(key),
    clear: async () => map.clear(),
  };
  return {
    keyv: new Keyv({ store }),
    map,
    fail: (kind) => {
      failing = kind;
    },
  };
}

describe("a database that fails without saying so", () => {
  it("is no empty one", async () => {
    const { keyv, fail } = swallowing();
    const auth = apiKeys({ store: keyvKeyStore(keyv) });
    const { key, id } = await auth.create();
    expect(await auth.verifyToken(key)).not.toBeNull();
    fail(/./);
    await expect(auth.verifyToken(key)).rejects.toEqual(unavailable);
    await expect(auth.create()).rejects.toEqual(unavailable);
    await expect(auth.rotate(id)).rejects.toEqual(unavailable);
    await expect(auth.revoke(id)).rejects.toEqual(unavailable);
    fail(undefined);
    expect(await auth.verifyToken(key)).not.toBeNull();
  });

  it("is 503 at the gate", async () => {
    const { keyv, fail } = swallowing();
    const auth = apiKeys({ store: keyvKeyStore(keyv) });
    const { key } = await auth.create();
    const gate = createAuthGate(auth);
    fail(/./);
    const result = await gate(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), key));
    expect("response" in result && result.response.status).toBe(503);
  });

  it("forgets no revocation, whichever entry it fails for", async () => {
    const { keyv, fail } = swallowing();
    const store = keyvKeyStore(keyv);
    const auth = apiKeys({ store });
    const { key, id } = await auth.create();
    await auth.revoke(id);
    for (const kind of [/state:/, /key:/, /state:|key:/, /./]) {
      fail(kind);
      const verdict = await auth.verifyToken(key).catch(() => null);
      expect(verdict).toBeNull();
      await auth.rotate(id).catch(() => {});
    }
    fail(undefined);
    expect(await auth.verifyToken(key)).toBeNull();
    expect(await store.find(id)).toMatchObject({ id, revokedAt: expect.any(Number) });
  });

  it("is told of when a revocation is not kept", async () => {
    const { keyv, fail } = swallowing();
    const store = keyvKeyStore(keyv);
    const { id } = await apiKeys({ store }).create();
    fail(/state:/);
    await expect(store.revoke(id, 1)).rejects.toEqual(unavailable);
  });
});

describe("what is in the database", () => {
  it.each([
    ["no record", () => ({ hello: "world" })],
    ["a record of another key", (record: object) => ({ ...record, id: "0000000000000000" })],
    ["a hash that is none", (record: object) => ({ ...record, hash: "" })],
    ["scopes that are none", (record: object) => ({ ...record, scopes: "admin" })],
    ["an end that is none", (record: object) => ({ ...record, expiresAt: "never" })],
    ["a list", () => []],
    ["a number", () => 7],
  ])("is refused when it is %s, without showing it", async (_, change) => {
    const keyv = new Keyv();
    const auth = apiKeys({ store: keyvKeyStore(keyv) });
    const { key, id } = await auth.create({ claims: { private: "hunter2" } });
    await keyv.set(`key:${id}`, change((await keyv.get(`key:${id}`)) as object));
    const failure = await auth.verifyToken(key).catch((error: unknown) => error);
    expect(failure).toEqual(unavailable);
    expect(String(failure)).not.toContain("hunter2");
  });

  it("a state that is none lets nobody in", async () => {
    const keyv = new Keyv();
    const auth = apiKeys({ store: keyvKeyStore(keyv) });
    const { key, id } = await auth.create();
    await keyv.set(`state:${id}`, "ACTIVE");
    await expect(auth.verifyToken(key)).rejects.toEqual(unavailable);
    const record = (await keyv.get(`key:${id}`)) as ApiKeyRecord;
    await keyv.delete(`state:${id}`);
    await expect(auth.verifyToken(key)).rejects.toEqual(unavailable);
    // A rotation does not make one up: what is missing may have been a revocation.
    await expect(keyvKeyStore(keyv).put({ ...record, rotatedAt: 1 })).rejects.toEqual(unavailable);
    await expect(auth.verifyToken(key)).rejects.toEqual(unavailable);
  });

  it("cannot be listed by every adapter, and that is said", async () => {
    const keyv = new Keyv();
    const { get, getMany, set } = keyv;
    const bare: KeyvLike = { get: get.bind(keyv), getMany: getMany.bind(keyv) as never, set: set.bind(keyv) };
    await expect(keyvKeyStore(bare).list()).rejects.toEqual(unavailable);
  });
});

describe.skipIf(!hasRedis)("Redis (needs the Debian package redis-server)", () => {
  it("that was killed is 503, for good keys and guesses alike", async () => {
    const redis = await startRedis();
    const adapter = new KeyvRedis(redis.url, { connectionTimeout: 500 });
    adapter.on("error", () => {});
    const keyv = new Keyv({ store: adapter });
    keyv.on("error", () => {});
    const auth = apiKeys({ store: keyvKeyStore(keyv) });
    const { key } = await auth.create();
    const gate = createAuthGate(auth, { verifyTimeoutMs: 300 });
    const statusOf = async (token: string): Promise<number> => {
      const result = await gate(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), token));
      return "response" in result ? result.response.status : 200;
    };
    const guess = (await apiKeys({ store: keyvKeyStore(new Keyv()) }).create()).key;
    expect([await statusOf(key), await statusOf(guess)]).toEqual([200, 401]);
    await redis.close();
    for (let time = 0; time < 3; time += 1) {
      expect([await statusOf(key), await statusOf(guess)]).toEqual([503, 503]);
    }
    await adapter.disconnect(true).catch(() => {});
  }, 60_000);
});
