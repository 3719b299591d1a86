/** What is written into a store: whom it belongs to is compared when it is read (BIND-01, BIND-03). */
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/credentials/memory-store.ts";
import { CredentialRecord, type Owner } from "../../src/credentials/records.ts";
import type { CredentialStore } from "../../src/credentials/store.ts";
import { SallyportError } from "../../src/errors.ts";
import { failureOf } from "../support/failure.ts";

interface Value {
  readonly token: string;
}

const owner: Owner = { issuer: "https://as.example", account: "" };
const check = ({ token }: Record<string, unknown>): Value | undefined =>
  typeof token === "string" ? { token } : undefined;
const recordOf = (store: CredentialStore, of: Owner = owner, kind: "tokens" | "client" = "tokens") =>
  new CredentialRecord<Value>(store, kind, of, check);

/** A store that shows what is in it. */
function open() {
  const values = new Map<string, string>();
  const { withLock } = memoryStore();
  const store: CredentialStore = {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
    withLock,
  };
  return { store, values };
}

describe("CredentialRecord", () => {
  it("keeps a value until it is removed", async () => {
    const { store, values } = open();
    const record = recordOf(store);
    expect(await record.read()).toBeUndefined();
    await record.write({ token: "t" });
    expect(await recordOf(store).read()).toEqual({ token: "t" });
    expect([...values.values()].map((text) => JSON.parse(text))).toEqual([{ owner, value: { token: "t" } }]);
    await record.remove();
    expect(await record.read()).toBeUndefined();
    expect(values.size).toBe(0);
  });

  it("is the same whatever the order in which its owner is written", async () => {
    const { store } = open();
    await recordOf(store).write({ token: "t" });
    expect(await recordOf(store, { account: "", issuer: "https://as.example" }).read()).toEqual({ token: "t" });
  });

  it.each<[Owner, "tokens" | "client"]>([
    [{ ...owner, issuer: "https://as.example/" }, "tokens"],
    [{ ...owner, account: "other" }, "tokens"],
    [{ issuer: "https://as.example" }, "tokens"],
    [{ ...owner, more: "" }, "tokens"],
    [owner, "client"],
  ])("is another for %j of kind %s", async (other, kind) => {
    const { store } = open();
    await recordOf(store).write({ token: "t" });
    expect(await recordOf(store, other, kind).read()).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ["another issuer", { owner: { ...owner, issuer: "https://evil.example" }, value: { token: "s3cr3t" } }],
    ["a part too few", { owner: { issuer: owner["issuer"] }, value: { token: "s3cr3t" } }],
    ["a part too many", { owner: { ...owner, more: "" }, value: { token: "s3cr3t" } }],
    ["no owner", { value: { token: "s3cr3t" } }],
    ["an owner that is none", { owner: [], value: { token: "s3cr3t" } }],
    ["no value", { owner }],
    ["a value that is none", { owner, value: ["s3cr3t"] }],
    ["a value that fails the check", { owner, value: { token: ["s3cr3t"] } }],
    ["null", null],
    ["a list", ["s3cr3t"]],
    ["no JSON", undefined],
  ])("takes nothing of %s under its key, and shows nothing of it", async (_, content) => {
    const { store, values } = open();
    const record = recordOf(store);
    await record.write({ token: "t" });
    const [key = ""] = values.keys();
    values.set(key, content === undefined ? '{"token":"s3cr3t"' : JSON.stringify(content));
    const failure = await failureOf(record.read());
    expect(failure.code).toBe("store_unavailable");
    expect(failure.message).toContain(key);
    expect(`${failure.message} ${failure.stack} ${String(failure.cause)}`).not.toContain("s3cr3t");
  });

  it("can be written and removed where it is damaged", async () => {
    const { store, values } = open();
    const record = recordOf(store);
    await record.write({ token: "t" });
    for (const key of values.keys()) values.set(key, "{");
    await record.write({ token: "new" });
    expect(await record.read()).toEqual({ token: "new" });
    for (const key of values.keys()) values.set(key, "{");
    await record.remove();
    expect(await record.read()).toBeUndefined();
  });

  it("says of every failure of the store that it is one, and what it was", async () => {
    const cause = new Error("The disk is full.");
    const fail = async (): Promise<never> => {
      throw cause;
    };
    const record = recordOf({ get: fail, set: fail, delete: fail, withLock: fail });
    for (const use of [
      () => record.read(),
      () => record.write({ token: "s3cr3t" }),
      () => record.remove(),
      () => record.locked(async () => {}),
    ]) {
      const failure = await failureOf(use());
      expect(failure).toMatchObject({ code: "store_unavailable", cause });
      expect(failure.message).toContain("tokens");
      expect(failure.message).not.toContain("s3cr3t");
    }
  });

  it("leaves an error of the store's own what it is", async () => {
    const own = new SallyportError("store_unavailable", "The keychain is locked.");
    const record = recordOf({
      ...memoryStore(),
      get: async () => {
        throw own;
      },
    });
    expect(await failureOf(record.read())).toBe(own);
  });

  it("is locked for one at a time, and hands on what comes of it", async () => {
    const { store } = open();
    const order: string[] = [];
    const section = (name: string) => async () => {
      order.push(`${name} in`);
      await Promise.resolve();
      order.push(`${name} out`);
      return name;
    };
    const both = [recordOf(store).locked(section("one")), recordOf(store).locked(section("two"))];
    expect(await Promise.all(both)).toEqual(["one", "two"]);
    expect(order).toEqual(["one in", "one out", "two in", "two out"]);
  });

  it("does not take a failure inside the lock for one of the store", async () => {
    const failure = new Error("It was refused.");
    const record = recordOf(memoryStore());
    await expect(
      record.locked(async () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    // A failure that is nothing is one, too.
    const nothing = await record
      .locked(() => Promise.reject())
      .then(
        () => "resolved",
        (reason) => ["rejected", reason],
      );
    expect(nothing).toEqual(["rejected", undefined]);
    expect(await record.locked(async () => undefined)).toBeUndefined();
  });
});
