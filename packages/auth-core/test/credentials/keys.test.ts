/** How a credential is keyed: BIND-08. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { credentialKey } from "../../src/credentials/keys.ts";

describe("credentialKey", () => {
  it("is the kind and a SHA-256 over the parts with their lengths, today and tomorrow", async () => {
    const text = "6:tokens,3:abc,2:ü";
    const digest = createHash("sha256").update(text).digest("hex");
    expect(await credentialKey("tokens", ["abc", "ü"])).toBe(`tokens-${digest}`);
    // Stores out there hold credentials under these.
    expect(await credentialKey("server", [])).toBe(
      "server-fc9d256d203178b80d7ef061876008af5fc1519a73b097aac6cb03bcc9e8089a",
    );
  });

  it("is another for everything that is different", async () => {
    const lists = [
      [],
      [""],
      ["", ""],
      ["a"],
      ["A"],
      ["a", "b"],
      ["b", "a"],
      ["ab"],
      ["a,1:b"],
      ["a", "", "b"],
      ["https://as.example"],
      ["https://as.example/"],
      ["https://AS.example"],
      ["https://as.example:443"],
    ];
    const kinds = ["server", "client", "tokens", "pending"] as const;
    const keys = await Promise.all(kinds.flatMap((kind) => lists.map((parts) => credentialKey(kind, parts))));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is a name that every store can take, whatever the parts are", async () => {
    for (const part of ["../../etc/passwd", "a\0b", "x".repeat(100_000), "\ud800"]) {
      expect(await credentialKey("pending", [part])).toMatch(/^pending-[0-9a-f]{64}$/);
    }
  });
});
