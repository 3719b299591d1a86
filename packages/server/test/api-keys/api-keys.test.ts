/**
 * API keys from their making to their end.
 */
import { inspect } from "node:util";
import { manualClock } from "@sallyport/testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { type ApiKeyStore, type ApiKeys, type ApiKeysOptions, apiKeys, memoryKeyStore } from "../../src/index.ts";

const clock = manualClock();
const seconds = (): number => Math.floor(clock.now() / 1000);
const invalid = expect.objectContaining({ code: "config_invalid" });

let store: ApiKeyStore;
let keys: ApiKeys;
const make = (options: Partial<ApiKeysOptions> = {}): ApiKeys => apiKeys({ store, now: clock.now, ...options });
beforeEach(() => {
  store = memoryKeyStore();
  keys = make();
});

describe("a key", () => {
  it("stands for what it was made for", async () => {
    const expiresAt = seconds() + 60;
    const init = { subject: "ci", name: "CI of mail", scopes: ["deploy"], claims: { team: "mail" }, expiresAt };
    const { key, id } = await keys.create(init);
    const token = await keys.verifyToken(key);
    expect(token).toMatchObject({ token: key, subject: "ci", scopes: ["deploy"], expiresAt });
    expect(token?.claims).toEqual({ team: "mail", key_id: id });
  });

  it("stands for itself unless it says for whom", async () => {
    const { key, id } = await keys.create();
    expect(await keys.verifyToken(key)).toMatchObject({ subject: id, scopes: [], expiresAt: undefined });
  });

  it("cannot say that it is another key", async () => {
    const { key, id } = await keys.create({ claims: { key_id: "another" } });
    expect((await keys.verifyToken(key))?.claims["key_id"]).toBe(id);
  });

  it("is kept as a hash only, and shown once", async () => {
    const issued = await keys.create({ subject: "ci" });
    const secret = issued.key.split("_")[2] ?? "";
    const shown = [
      inspect(issued, { showHidden: true, depth: 9 }),
      JSON.stringify(issued),
      JSON.stringify(await store.list()),
    ];
    expect(secret).toHaveLength(49);
    for (const text of shown) expect(text).not.toContain(secret.slice(0, 10));
    expect(JSON.stringify(await keys.list())).not.toMatch(/hash/);
    expect(Object.keys({ ...issued })).toEqual(["info"]);
  });

  it("ends when it expires", async () => {
    const { key } = await keys.create({ expiresAt: seconds() + 60 });
    clock.advance(59_000);
    expect(await keys.verifyToken(key)).not.toBeNull();
    clock.advance(1_000);
    expect(await keys.verifyToken(key)).toBeNull();
  });

  it("ends when it is revoked, for every provider of the store", async () => {
    const { key, id } = await keys.create();
    const other = make();
    expect(await keys.revoke(id)).toBe(true);
    expect(await other.verifyToken(key)).toBeNull();
    expect(await keys.list()).toMatchObject([{ id, revokedAt: seconds() }]);
    await expect(keys.rotate(id)).rejects.toEqual(invalid);
  });

  it("that does not exist cannot be revoked or rotated", async () => {
    for (const id of ["0123456789abcdef", "", "../x", "__proto__"]) {
      expect(await keys.revoke(id)).toBe(false);
      await expect(keys.rotate(id)).rejects.toEqual(invalid);
    }
  });
});

describe("rotation", () => {
  it("keeps the id and what it stands for, and the old key for the overlap", async () => {
    const first = await keys.create({ subject: "ci", scopes: ["deploy"], claims: { team: "mail" } });
    const second = await keys.rotate(first.id, { overlapSeconds: 100 });
    expect(second.id).toBe(first.id);
    expect(second.key).not.toBe(first.key);
    expect(second.info).toMatchObject({ subject: "ci", rotatedAt: seconds(), previousExpiresAt: seconds() + 100 });
    expect(await keys.verifyToken(second.key)).toMatchObject({
      subject: "ci",
      scopes: ["deploy"],
      expiresAt: undefined,
    });
    expect(await keys.verifyToken(first.key)).toMatchObject({ subject: "ci", expiresAt: seconds() + 100 });
    clock.advance(100_000);
    expect(await keys.verifyToken(first.key)).toBeNull();
    expect(await keys.verifyToken(second.key)).not.toBeNull();
    expect((await keys.list())[0]).not.toHaveProperty("previousExpiresAt");
  });

  it("without an overlap ends the old key at once", async () => {
    const first = await keys.create();
    const second = await keys.rotate(first.id, { overlapSeconds: 0 });
    expect(await keys.verifyToken(first.key)).toBeNull();
    expect(await keys.verifyToken(second.key)).not.toBeNull();
  });

  it("keeps at most two keys good", async () => {
    const first = await keys.create();
    const second = await keys.rotate(first.id);
    const third = await keys.rotate(first.id);
    expect(await keys.verifyToken(first.key)).toBeNull();
    expect(await keys.verifyToken(second.key)).not.toBeNull();
    expect(await keys.verifyToken(third.key)).not.toBeNull();
  });

  it("does not prolong the old key, and revoking ends both", async () => {
    const first = await keys.create({ expiresAt: seconds() + 10 });
    const second = await keys.rotate(first.id, { expiresAt: seconds() + 1000 });
    expect((await keys.verifyToken(first.key))?.expiresAt).toBe(seconds() + 10);
    expect((await keys.verifyToken(second.key))?.expiresAt).toBe(seconds() + 1000);
    await keys.revoke(first.id);
    expect(await keys.verifyToken(first.key)).toBeNull();
    expect(await keys.verifyToken(second.key)).toBeNull();
  });

  it("of a key that has ended needs a new end", async () => {
    const first = await keys.create({ expiresAt: seconds() + 10 });
    clock.advance(20_000);
    await expect(keys.rotate(first.id)).rejects.toEqual(invalid);
    const second = await keys.rotate(first.id, { expiresAt: seconds() + 10 });
    expect(await keys.verifyToken(first.key)).toBeNull();
    expect(await keys.verifyToken(second.key)).not.toBeNull();
  });
});

describe("the last use", () => {
  const touches = (): { readonly at: number[]; readonly store: ApiKeyStore } => {
    const at: number[] = [];
    const touch = async (id: string, time: number): Promise<void> => {
      at.push(time);
      await store.touch(id, time);
    };
    return { at, store: { ...store, touch } };
  };

  it("is noted, and again only after a while", async () => {
    const { at, store: counted } = touches();
    const provider = make({ store: counted, lastUsedEveryMs: 60_000 });
    const { key, id } = await provider.create();
    for (let use = 0; use < 5; use += 1) await provider.verifyToken(key);
    expect(at).toEqual([seconds()]);
    expect(await provider.list()).toMatchObject([{ id, lastUsedAt: seconds() }]);
    clock.advance(59_999);
    await provider.verifyToken(key);
    expect(at).toHaveLength(1);
    clock.advance(1);
    await provider.verifyToken(key);
    expect(at).toHaveLength(2);
  });

  it("of a key that is refused is none", async () => {
    const { at, store: counted } = touches();
    const provider = make({ store: counted });
    const { key, id } = await provider.create();
    await provider.revoke(id);
    await provider.verifyToken(key);
    expect(at).toEqual([]);
  });

  it("delays no request, and fails none", async () => {
    const { key } = await keys.create();
    const hangs = make({ store: { ...store, touch: () => new Promise(() => {}) } });
    expect(await hangs.verifyToken(key)).not.toBeNull();

    const told = new Promise<unknown>((resolve) => {
      const touch = (): never => {
        throw new Error("full");
      };
      const fails = make({ store: { ...store, touch }, onError: resolve });
      fails.verifyToken(key).then((token) => expect(token).not.toBeNull());
    });
    expect(await told).toMatchObject({ message: "full" });
  });
});

describe("what cannot be used is refused when it is given", () => {
  it.each([
    { subject: "" },
    { subject: "x".repeat(257) },
    { name: "x".repeat(201) },
    { scopes: ["two words"] },
    { claims: [] as never },
    { claims: { big: "x".repeat(20_000) } },
    { claims: { at: 1n as never } },
    { expiresAt: Date.UTC(2030, 0, 1) },
    { expiresAt: 1 },
    { expiresAt: Number.NaN },
  ])("a key: case %#", async (init) => {
    await expect(keys.create(init)).rejects.toEqual(invalid);
    expect(await keys.list()).toEqual([]);
  });

  it("a provider, a rotation", async () => {
    expect(() => apiKeys({ store: {} as never })).toThrow(invalid);
    expect(() => make({ prefix: "No" })).toThrow(invalid);
    expect(() => make({ lastUsedEveryMs: -1 })).toThrow(invalid);
    const { id } = await keys.create();
    await expect(keys.rotate(id, { overlapSeconds: -1 })).rejects.toEqual(invalid);
    await expect(keys.rotate(id, { expiresAt: 5 })).rejects.toEqual(invalid);
  });
});

it("says which tokens are its own", async () => {
  const acme = make({ prefix: "acme" });
  const { key } = await acme.create();
  expect(acme.owns(key)).toBe(true);
  expect(acme.owns("acme_typo")).toBe(true);
  expect(keys.owns(key)).toBe(false);
  expect(keys.owns("ey.J.x")).toBe(false);
});
