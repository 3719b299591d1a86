/**
 * What guessers and thieves send, and what they learn from it: nothing, at a price that is bounded.
 */
import { manualClock } from "@sallyport/testkit";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { newKey, newKeyId } from "../../src/api-keys/key-format.ts";
import { type ApiKeyStore, apiKeys, createAuthGate, MCPServer, memoryKeyStore } from "../../src/index.ts";
import * as digests from "../../src/verification/token-digest.ts";
import { callTool, post } from "../messages.ts";

const digest = vi.spyOn(digests, "tokenDigest");
vi.mock("../../src/verification/token-digest.ts", { spy: true });

const clock = manualClock();

/** A store that counts what it is asked. */
function counted(): ApiKeyStore & { readonly asked: string[] } {
  const store = memoryKeyStore();
  const asked: string[] = [];
  const find: ApiKeyStore["find"] = (id) => {
    asked.push(id);
    return store.find(id);
  };
  return { ...store, find, asked };
}

let store: ReturnType<typeof counted>;
let auth: ReturnType<typeof apiKeys>;
beforeEach(() => {
  store = counted();
  auth = apiKeys({ store, now: clock.now });
});

describe("a guess", () => {
  it("takes the same steps whether there is such a key or not, in whatever state it is", async () => {
    const good = await auth.create();
    const revoked = await auth.create();
    const expired = await auth.create({ expiresAt: clock.now() / 1000 + 1 });
    const rotated = await auth.create();
    await auth.revoke(revoked.id);
    await auth.rotate(rotated.id);
    clock.advance(2_000);
    const ids = [newKeyId(), good.id, revoked.id, expired.id, rotated.id];

    const steps: unknown[] = [];
    for (const id of ids) {
      const guess = newKey("sp", id);
      const compared = vi.spyOn(String.prototype, "charCodeAt");
      store.asked.length = 0;
      digest.mockClear();
      expect(await auth.verifyToken(guess)).toBeNull();
      steps.push({
        asked: store.asked.length,
        digests: digest.mock.calls.length,
        characters: compared.mock.calls.length,
      });
      compared.mockRestore();
    }
    expect(new Set(steps.map((each) => JSON.stringify(each))).size).toBe(1);
    // Two comparisons of 43 characters a side, and the checksum over the rest.
    expect(steps[0]).toEqual({ asked: 1, digests: 1, characters: 2 * 2 * 43 + 63 });
  });

  it("with a wrong checksum, cut off, of another prefix or in other letters costs no look-up", async () => {
    const { key } = await auth.create();
    const { key: foreign } = await apiKeys({ store, prefix: "acme" }).create();
    store.asked.length = 0;
    const last = key.endsWith("0") ? "1" : "0";
    const others = [
      `${key.slice(0, -1)}${last}`,
      key.slice(0, -1),
      key.slice(3),
      foreign,
      foreign.replace("acme_", "sp_"),
      `sp_${"й".repeat(16)}_${"a".repeat(49)}`,
      `sp_../../etc/passwd_${"a".repeat(49)}`,
      `${key},${key}`,
      `sp_${"a".repeat(16_000)}`,
      "",
      "__proto__",
    ];
    for (const other of others) expect(await auth.verifyToken(other)).toBeNull();
    expect(store.asked).toEqual([]);
    expect(await auth.verifyToken(key)).not.toBeNull();
  });

  it("at 10,000 ids leaves nothing behind", async () => {
    const touched: string[] = [];
    const provider = apiKeys({ store: { ...store, touch: async (id) => void touched.push(id) } });
    const { key } = await provider.create();
    for (let guess = 0; guess < 10_000; guess += 1) {
      expect(await provider.verifyToken(newKey("sp", newKeyId()))).toBeNull();
    }
    expect(store.asked).toHaveLength(10_000);
    expect(await provider.list()).toHaveLength(1);
    expect(touched).toEqual([]);
    expect(await provider.verifyToken(key)).not.toBeNull();
  });

  it("with a good id and the secret of another key is none", async () => {
    const [a, b] = [await auth.create(), await auth.create()];
    const crossed = a.key.replace(a.id, b.id);
    expect(await auth.verifyToken(crossed)).toBeNull();
    // Whoever can write to the store and copies a hash: it is that of the whole key.
    const [copied] = (await store.list()).filter(({ id }) => id === a.id);
    await store.put({ ...copied, id: b.id } as never);
    expect(await auth.verifyToken(a.key)).not.toBeNull();
    expect(await auth.verifyToken(b.key)).toBeNull();
    expect(await auth.verifyToken(newKey("sp", b.id))).toBeNull();
  });
});

describe("a store that is down", () => {
  const down = async (): Promise<never> => {
    throw new Error("connect ECONNREFUSED 10.0.0.5:6379 user=admin password=hunter2");
  };

  it.each([
    ["rejects", down],
    [
      "throws",
      () => {
        throw new Error("hunter2");
      },
    ],
    ["hangs", () => new Promise<never>(() => {})],
    ["answers with something else", async () => ({ active: true }) as never],
  ])("%s: 503 for good keys and guesses alike, never 401", async (_, find) => {
    const { key } = await auth.create();
    const errors: unknown[] = [];
    const gate = createAuthGate(apiKeys({ store: { ...store, find } }), {
      verifyTimeoutMs: 50,
      onError: (error) => errors.push(error),
    });
    for (const token of [key, newKey("sp", newKeyId())]) {
      const result = await gate(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), token));
      if (!("response" in result)) throw new Error("It was let in.");
      expect(result.response.status).toBe(503);
      expect(result.response.headers.get("www-authenticate")).toBeNull();
      expect(await result.response.text()).not.toContain("hunter2");
    }
    expect(errors).toHaveLength(2);
  });

  it("still refuses what cannot be a key with 401", async () => {
    const server = new MCPServer({ name: "t", version: "1.0.0", auth: apiKeys({ store: { ...store, find: down } }) });
    const response = await server.fetch(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), "sp_typo"));
    expect(response.status).toBe(401);
  });
});
