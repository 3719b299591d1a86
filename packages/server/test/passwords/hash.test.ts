/** Password hashes against node:crypto: RFC 7914, the PHC string format. */
import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashPassword } from "../../src/index.ts";
import { matchesHash, parseHash, unknownHash } from "../../src/passwords/hash.ts";

describe("hashPassword", () => {
  it("writes algorithm, parameters, a new salt and scrypt's hash", async () => {
    const texts = await Promise.all([hashPassword("pässwörd"), hashPassword("pässwörd".normalize("NFD"))]);
    expect(new Set(texts).size).toBe(2);
    for (const text of texts) {
      const [, salt = "", hash] = /^\$scrypt\$ln=15,r=8,p=3\$([^$=]+)\$([^$=]+)$/.exec(text) ?? [];
      const options = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
      const expected = scryptSync("pässwörd".normalize("NFC"), Buffer.from(salt, "base64"), 32, options);
      expect(Buffer.from(hash ?? "", "base64").equals(expected)).toBe(true);
      const stored = parseHash(text, "ada");
      expect(await matchesHash("pässwörd", stored)).toBe(true);
      expect(await matchesHash("passwörd", stored)).toBe(false);
    }
  }, 30_000);

  it.each(["", "line\nbreak", "nul\0"])("refuses %j, which no client could send", async (password) => {
    await expect(hashPassword(password)).rejects.toMatchObject({ code: "config_invalid" });
  });
});

describe("a stored hash", () => {
  const salt = "X2hjy0uZX4PX1NoVGVuDGA";
  const hash = "zhhUd0R/gQSwITUBS/FtJDxMn9nfzGbG2wdRt/7d7zU";

  it.each([
    "",
    "s-marker",
    `$scrypt$ln=15,r=8,p=3$${salt}`,
    `$argon2id$ln=15,r=8,p=3$${salt}$${hash}`,
    // Too weak to be meant.
    `$scrypt$ln=1,r=8,p=3$${salt}$${hash}`,
    `$scrypt$ln=15,r=0,p=3$${salt}$${hash}`,
    `$scrypt$ln=15,r=8,p=3$$${hash}`,
    `$scrypt$ln=15,r=8,p=3$${salt}$c2hvcnQ`,
    // Would take gigabytes.
    `$scrypt$ln=24,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=20,r=99,p=1$${salt}$${hash}`,
    `$scrypt$ln=15,r=8,p=3$${salt}$${hash}\n`,
    `$scrypt$ln=15,r=8,p=3$-${salt}$${hash}`,
  ])("%j is refused, and not shown", (text) => {
    let failure: unknown;
    try {
      parseHash(text, "the hash of ada");
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: "config_invalid", message: expect.stringContaining("the hash of ada") });
    expect(String(failure)).not.toContain("s-marker");
    expect(String(failure)).not.toContain(salt);
  });

  it("of nobody takes the same work, and is no password's", async () => {
    const like = { ln: 10, r: 8, p: 2 };
    expect(unknownHash(like)).toMatchObject(like);
    expect(await matchesHash("", unknownHash(like))).toBe(false);
  });
});
