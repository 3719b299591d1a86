/**
 * What every credential store must do, whatever it keeps its values in. In a module of its own, because it declares
 * tests: only a test file can import it.
 */
import { describe, expect, test } from "vitest";

/** The port as auth-core declares it. */
export interface Store {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  withLock<T>(key: string, run: () => Promise<T>): Promise<T>;
}

/**
 * Declare the tests of the contract.
 *
 * @param name - of the store, for the titles.
 * @param makeStore - makes an empty store for each test. It may be as slow as a disk that has other things to do.
 */
export function storeContract(name: string, makeStore: () => Store | Promise<Store>): void {
  describe(`${name} keeps the contract of a credential store`, { timeout: 60_000 }, () => {
    test("what was never set is undefined", async () => {
      const store = await makeStore();
      expect(await store.get("tokens-1")).toBeUndefined();
    });

    test("a value is read as it was written, and replaced whole", async () => {
      const store = await makeStore();
      await store.set("tokens-1", "a longer value");
      await store.set("tokens-1", "short");
      expect(await store.get("tokens-1")).toBe("short");
    });

    test.each([
      ["empty", ""],
      ["JSON", '{"access_token":"a\\"b","list":[1,null]}'],
      ["every kind of line end", "a\r\nb\rc\n"],
      ["text beyond ASCII and beyond the basic plane", "ключ 🗝\u0000\u2028"],
      ["longer than a keychain would take", "x".repeat(50_000)],
    ])("a value may be %s", async (_, value) => {
      const store = await makeStore();
      await store.set("tokens-1", value);
      expect(await store.get("tokens-1")).toBe(value);
    });

    test("keys are compared whole, and in their case", async () => {
      const store = await makeStore();
      const keys = ["tokens-1", "tokens-10", "Tokens-1", "tokens.1", `tokens-${"0".repeat(64)}`, "con", "__proto__"];
      for (const key of keys) await store.set(key, `value of ${key}`);
      for (const key of keys) expect(await store.get(key)).toBe(`value of ${key}`);
      await store.delete("tokens-1");
      for (const key of keys.slice(1)) expect(await store.get(key)).toBe(`value of ${key}`);
      expect(await store.get("tokens-1")).toBeUndefined();
    });

    test("deleting forgets, and deleting nothing is fine", async () => {
      const store = await makeStore();
      await store.set("tokens-1", "value");
      await store.delete("tokens-1");
      await store.delete("tokens-1");
      expect(await store.get("tokens-1")).toBeUndefined();
      await store.set("tokens-1", "again");
      expect(await store.get("tokens-1")).toBe("again");
    });

    test("a section's result and error are passed on, and its lock is free afterwards", async () => {
      const store = await makeStore();
      expect(await store.withLock("tokens-1", async () => 1)).toBe(1);
      const thrown = new Error("from the section");
      const failed = store.withLock("tokens-1", async () => {
        throw thrown;
      });
      await expect(failed).rejects.toBe(thrown);
      expect(await store.withLock("tokens-1", async () => 2)).toBe(2);
    });

    test("fifty sections with one key run one at a time, in the order of asking", async () => {
      const store = await makeStore();
      const order: number[] = [];
      let inside = 0;
      let most = 0;
      const sections = Array.from({ length: 50 }, (_, i) =>
        store.withLock("tokens-1", async () => {
          inside += 1;
          most = Math.max(most, inside);
          const count = Number((await store.get("count")) ?? 0);
          await store.set("count", String(count + 1));
          order.push(i);
          inside -= 1;
        }),
      );
      await Promise.all(sections);
      expect(most).toBe(1);
      expect(await store.get("count")).toBe("50");
      expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
    });

    test("who fails in the middle of a queue holds up nobody", async () => {
      const store = await makeStore();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 9 }, (_, i) =>
          store.withLock("tokens-1", async () => {
            if (i % 2 === 0) throw new Error(`section ${i}`);
            return i;
          }),
        ),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(
        Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? "rejected" : "fulfilled")),
      );
    });

    test("a section uses any key, and takes the lock of another", async () => {
      const store = await makeStore();
      await store.withLock("tokens-1", async () => {
        await store.set("tokens-1", "one");
        await store.withLock("client-1", async () => {
          await store.set("client-1", "two");
          await store.set("tokens-1", `${await store.get("tokens-1")} and two`);
        });
        await store.set("server-1", "three");
        await store.delete("client-1");
      });
      expect(await store.get("tokens-1")).toBe("one and two");
      expect(await store.get("server-1")).toBe("three");
      expect(await store.get("client-1")).toBeUndefined();
    });

    test("sections with different keys do not wait for each other", async () => {
      const store = await makeStore();
      let enter = (): void => {};
      const entered = new Promise<void>((resolve) => {
        enter = resolve;
      });
      // Each would wait for ever for the other one.
      const waiting = store.withLock("tokens-1", () => entered);
      await store.withLock("tokens-2", async () => enter());
      await waiting;
    });

    test("what a section left running writes after its end is written", async () => {
      const store = await makeStore();
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      let late = Promise.resolve();
      await store.withLock("tokens-1", async () => {
        late = ended.then(() => store.set("tokens-1", "late"));
      });
      end();
      await late;
      expect(await store.get("tokens-1")).toBe("late");
    });
  });
}
