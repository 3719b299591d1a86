import { createHash } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("is SHA-256, at once where the platform can", async () => {
  const { tokenDigest } = await import("../../src/verification/token-digest.ts");
  expect(tokenDigest("héllo")).toBe(createHash("sha256").update("héllo").digest("base64url"));
});

test("is SHA-256 of Web Crypto elsewhere", async () => {
  vi.stubGlobal("process", undefined);
  const { tokenDigest } = await import("../../src/verification/token-digest.ts");
  const digest = tokenDigest("héllo");
  expect(digest).toBeInstanceOf(Promise);
  expect(await digest).toBe(createHash("sha256").update("héllo").digest("base64url"));
});
