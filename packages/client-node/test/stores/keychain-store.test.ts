/**
 * Encrypted credential files: what is on the disk, when a key is made, and what happens without one
 * (https://github.com/anthropics/claude-code/issues/91158, https://github.com/anthropics/claude-code/issues/30337).
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { storeContract } from "@sallyport/testkit/store-contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileStore } from "../../src/stores/file-store.ts";
import type { Keychain } from "../../src/stores/keychain.ts";
import { KeychainStore } from "../../src/stores/keychain-store.ts";

// Everything written is flushed, which takes long on a disk that has other things to do.
vi.setConfig({ testTimeout: 60_000 });

let temporary: TemporaryFolder;
let folder: string;
let keychain: FakeKeychain;
let notices: string[];

beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = `${temporary.path}/credentials`;
  keychain = new FakeKeychain();
  notices = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await temporary.remove();
});

/** As a new process would open it. */
function open(with_: Keychain = keychain): KeychainStore {
  return new KeychainStore({ folder, onNotice: (message) => notices.push(message) }, with_);
}

const unavailable = { name: "SallyportError", code: "store_unavailable" };
const file = (key: string): string => `${folder}/${key}.json`;

storeContract("keychainStore", () => open());
storeContract("keychainStore without a keychain", () => open(keychain.failing("no keychain here")));

describe("with a keychain", () => {
  test("nothing on the disk can be read without the key, and the keychain holds 32 bytes and nothing more", async () => {
    const value = JSON.stringify({ refresh_token: "s3cret", padding: "x".repeat(50_000) });
    await open().set("tokens-1", value);
    await open().set("client-1", "s3cret");
    expect(await open().get("tokens-1")).toBe(value);
    expect(notices).toEqual([]);
    expect([...keychain.items.values()].map((secret) => secret.length)).toEqual([32]);
    expect(readdirSync(folder).sort()).toEqual([".keychain.json", "client-1.json", "tokens-1.json"]);
    const [secret = new Uint8Array()] = keychain.items.values();
    for (const name of readdirSync(folder)) {
      const text = readFileSync(`${folder}/${name}`, "utf8");
      expect(text).not.toContain("s3cret");
      for (const form of ["hex", "base64", "base64url"] as const) {
        expect(text).not.toContain(Buffer.from(secret).toString(form));
      }
    }
  });

  test("the same value is never the same on the disk", async () => {
    const store = open();
    await store.set("tokens-1", "value");
    const first = JSON.parse(readFileSync(file("tokens-1"), "utf8")).sealed;
    await store.set("tokens-1", "value");
    const second = JSON.parse(readFileSync(file("tokens-1"), "utf8")).sealed;
    expect(second.iv).not.toBe(first.iv);
    expect(second.data).not.toBe(first.data);
  });

  test("who finds nothing is not asked for the keychain", async () => {
    expect(await open().get("tokens-1")).toBeUndefined();
    await open().delete("tokens-1");
    expect(keychain.asked).toBe(0);
  });

  test("a store asks once, however many values it reads", async () => {
    await open().set("tokens-1", "value");
    keychain.asked = 0;
    const store = open();
    await Promise.all(Array.from({ length: 20 }, () => store.get("tokens-1")));
    expect(keychain.asked).toBe(1);
  });

  test("twenty stores that start at once make one key", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => open().set(`tokens-${i}`, `value ${i}`)));
    expect(keychain.items.size).toBe(1);
    expect(keychain.written).toBe(1);
    for (let i = 0; i < 20; i++) expect(await open().get(`tokens-${i}`)).toBe(`value ${i}`);
  });

  test("the key is found after its folder was moved", async () => {
    await open().set("tokens-1", "value");
    const moved = `${temporary.path}/moved`;
    renameSync(folder, moved);
    await open().set("tokens-1", "other");
    expect(await new KeychainStore({ folder: moved }, keychain).get("tokens-1")).toBe("value");
  });

  test("a folder that was deleted needs no second key", async () => {
    await open().set("tokens-1", "value");
    rmSync(folder, { recursive: true });
    await open().set("tokens-1", "new");
    expect(await open().get("tokens-1")).toBe("new");
    expect(keychain.items.size).toBe(1);
    expect(keychain.written).toBe(1);
  });

  test("the key is taken up again when the process that made it was killed before it noted it down", async () => {
    await open().set("tokens-1", "value");
    rmSync(`${folder}/.keychain.json`);
    expect(await open().get("tokens-1")).toBe("value");
    expect(keychain.written).toBe(1);
  });

  test.each([
    ["swapped with another", () => renameSync(file("client-1"), file("tokens-1"))],
    [
      "swapped, and its key corrected",
      () => {
        const other = readFileSync(file("client-1"), "utf8");
        writeFileSync(file("tokens-1"), other.replace('"key":"client-1"', '"key":"tokens-1"'));
      },
    ],
    ["changed in its ciphertext", () => edit((sealed) => ({ ...sealed, data: `AAAA${sealed.data.slice(4)}` }))],
    ["changed in its nonce", () => edit((sealed) => ({ ...sealed, iv: "AAAAAAAAAAAAAAAA" }))],
    ["without a nonce", () => edit((sealed) => ({ ...sealed, iv: "" }))],
    ["cut off", () => edit((sealed) => ({ ...sealed, data: sealed.data.slice(0, 8) }))],
  ])("a file that was %s is refused and left as it is", async (_, change) => {
    await open().set("tokens-1", "value");
    await open().set("client-1", "secret");
    change();
    const left = readFileSync(file("tokens-1"), "utf8");
    await expect(open().get("tokens-1")).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining(file("tokens-1")),
    });
    expect(readFileSync(file("tokens-1"), "utf8")).toBe(left);
  });

  test("fileStore says that the folder is encrypted", async () => {
    await open().set("tokens-1", "value");
    await expect(fileStore(folder).get("tokens-1")).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining("keychainStore"),
    });
  });

  test("what was written unencrypted is read, and encrypted when it is next written", async () => {
    await fileStore(folder).set("tokens-1", "s3cret");
    expect(await open().get("tokens-1")).toBe("s3cret");
    await open().set("tokens-1", "s3cret");
    expect(readFileSync(file("tokens-1"), "utf8")).not.toContain("s3cret");
    expect(await open().get("tokens-1")).toBe("s3cret");
  });
});

describe("a key that cannot be had", () => {
  beforeEach(() => open().set("tokens-1", "value"));

  test.each([
    ["locked", () => keychain.failing("the keyring is locked"), "the keyring is locked"],
    ["gone from the keychain", () => new FakeKeychain(), "has no key"],
    ["another one", () => keychain.changed((secret) => secret.map((byte) => byte ^ 1)), "has another key"],
    ["truncated", () => keychain.changed((secret) => secret.slice(0, 16)), "has another key"],
  ])(
    "(%s) is an error with the next step; nothing is changed, and the value is back with the key",
    async (_, broken, why) => {
      const before = snapshot();
      const without = broken();
      const store = open(without);
      const error = { ...unavailable, message: expect.stringMatching(new RegExp(`${why}.*(try again|sign in again)`)) };
      await expect(store.get("tokens-1")).rejects.toMatchObject(error);
      await expect(store.set("tokens-1", "new")).rejects.toMatchObject(error);
      await expect(store.set("tokens-2", "new")).rejects.toMatchObject(error);
      expect(snapshot()).toEqual(before);
      expect(without.written).toBe(0);
      expect(notices).toEqual([]);
      expect(await open().get("tokens-1")).toBe("value");
    },
  );

  test.each([
    ["locked", () => keychain.failing("locked")],
    ["gone", () => new FakeKeychain()],
  ])("(%s) is not replaced either when the note about it is lost", async (_, broken) => {
    rmSync(`${folder}/.keychain.json`);
    const before = snapshot();
    const without = broken();
    await expect(open(without).set("tokens-2", "new")).rejects.toMatchObject(unavailable);
    await expect(open(without).get("tokens-1")).rejects.toMatchObject(unavailable);
    expect(snapshot()).toEqual(before);
    expect(without.written).toBe(0);
  });

  test("is found by the same store once the keychain is unlocked", async () => {
    const store = open();
    keychain.failure = "locked";
    await expect(store.get("tokens-1")).rejects.toMatchObject(unavailable);
    keychain.failure = undefined;
    expect(await store.get("tokens-1")).toBe("value");
  });

  test("can be deleted without it", async () => {
    await open(keychain.failing("locked")).delete("tokens-1");
    expect(await open().get("tokens-1")).toBeUndefined();
  });

  test("a damaged note is refused, and the key stays", async () => {
    writeFileSync(`${folder}/.keychain.json`, "{");
    await expect(open().get("tokens-1")).rejects.toMatchObject(unavailable);
    await expect(open().set("tokens-1", "new")).rejects.toMatchObject(unavailable);
    expect(keychain.written).toBe(1);
  });

  test("a keychain that does not answer is not waited for for ever", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const silent: Keychain = { get: () => new Promise(() => {}), set: () => new Promise(() => {}) };
    const failed = expect(open(silent).get("tokens-1")).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining("did not answer"),
    });
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    await vi.advanceTimersByTimeAsync(120_000);
    await failed;
  });
});

describe("without a keychain", () => {
  test.each([
    ["there is none", () => keychain.failing("no Secret Service")],
    ["it keeps nothing", () => keychain.forgetful(() => undefined)],
    ["it truncates what is written", () => keychain.forgetful((secret) => secret.slice(0, 16))],
  ])("(%s) values are kept as fileStore keeps them, and one notice says so", async (_, broken) => {
    const store = open(broken());
    await Promise.all([store.set("tokens-1", "value"), store.set("tokens-2", "value")]);
    await store.set("tokens-1", "value");
    expect(await fileStore(folder).get("tokens-1")).toBe("value");
    expect(notices).toEqual([expect.stringContaining(`unencrypted in ${folder}`)]);
  });

  test("the process warns once, whatever the number of stores", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    for (const name of ["a", "b"]) {
      await new KeychainStore({ folder: `${folder}/${name}` }, keychain.failing("none")).set("tokens-1", "value");
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain("unencrypted");
  });

  test("a key that another process made meanwhile is not written around", async () => {
    const without = open(keychain.failing("locked"));
    await without.set("tokens-1", "value");
    await open().set("tokens-1", "encrypted");
    await expect(without.set("tokens-1", "plain")).rejects.toMatchObject(unavailable);
    expect(await open().get("tokens-1")).toBe("encrypted");
  });

  test("what the keychain says is quoted and bounded", async () => {
    await open(keychain.failing(`first line\nsecond line ${"x".repeat(5000)}`)).set("tokens-1", "value");
    expect(notices[0]).not.toContain("\n");
    expect(notices[0]?.length).toBeLessThan(1000);
  });
});

/** Everything in the folder. */
function snapshot(): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`, "utf8")]));
}

function edit(change: (sealed: { iv: string; data: string }) => object): void {
  const record = JSON.parse(readFileSync(file("tokens-1"), "utf8"));
  writeFileSync(file("tokens-1"), JSON.stringify({ ...record, sealed: change(record.sealed) }));
}

/** A keychain in memory, that can fail in the ways of real ones. */
class FakeKeychain implements Keychain {
  readonly items: Map<string, Uint8Array>;
  failure: string | undefined;
  asked = 0;
  written = 0;
  #keep: (secret: Uint8Array) => Uint8Array | undefined = (secret) => secret;

  constructor(items: Map<string, Uint8Array> = new Map()) {
    this.items = items;
  }

  async get(account: string): Promise<Uint8Array | undefined> {
    this.asked += 1;
    if (this.failure !== undefined) throw new Error(this.failure);
    return this.items.get(account);
  }

  async set(account: string, secret: Uint8Array): Promise<void> {
    if (this.failure !== undefined) throw new Error(this.failure);
    this.written += 1;
    const kept = this.#keep(secret);
    if (kept !== undefined) this.items.set(account, kept);
  }

  /** The same keychain, locked. */
  failing(reason: string): FakeKeychain {
    const other = new FakeKeychain(this.items);
    other.failure = reason;
    return other;
  }

  /** One whose secrets are not what was written. */
  changed(change: (secret: Uint8Array) => Uint8Array): FakeKeychain {
    return new FakeKeychain(new Map([...this.items].map(([account, secret]) => [account, change(secret)])));
  }

  /** One that keeps something else than what is written. */
  forgetful(keep: (secret: Uint8Array) => Uint8Array | undefined): FakeKeychain {
    const other = new FakeKeychain();
    other.#keep = keep;
    return other;
  }
}
