import { storeContract } from "@sallyport/testkit/store-contract";
import { expect, test } from "vitest";
import { memoryStore } from "../../src/credentials/memory-store.ts";

storeContract("memoryStore", memoryStore);

test("two stores share nothing", async () => {
  const store = memoryStore();
  await store.set("tokens-1", "value");
  expect(await memoryStore().get("tokens-1")).toBeUndefined();
});

test("a section that throws before its first await is no exception of the caller's", async () => {
  const store = memoryStore();
  const failed = store.withLock("tokens-1", () => {
    throw new Error("at once");
  });
  await expect(failed).rejects.toThrow("at once");
  expect(await store.withLock("tokens-1", async () => "next")).toBe("next");
});
