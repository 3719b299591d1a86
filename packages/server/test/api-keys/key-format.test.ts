/**
 * The form of a key: what is one, and what is refused by its looks.
 */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { base62, checksum } from "../../src/api-keys/checksum.ts";
import { checkPrefix, isKeyId, newKey, newKeyId, parseKey } from "../../src/api-keys/key-format.ts";

const id = "0123456789abcdef";
const key = newKey("sp", id);

describe("a key", () => {
  it("has a form that scanners for secrets can look for", () => {
    expect(key).toMatch(/^sp_[a-z0-9]{16}_[A-Za-z0-9]{49}$/);
    expect(parseKey(key)).toEqual({ prefix: "sp", id });
  });

  it("is another one each time, and uses every digit", () => {
    const keys = Array.from({ length: 500 }, () => newKey("sp", newKeyId()));
    expect(new Set(keys).size).toBe(500);
    expect(new Set(keys.map((each) => parseKey(each)?.id)).size).toBe(500);
    expect(new Set(keys.join("").replaceAll("_", "")).size).toBe(62);
  });

  it("is known by its checksum: no typo passes, at any place", () => {
    for (let place = 0; place < key.length; place += 1) {
      for (const digit of ["0", "Z", "q", "_", "-", " ", "é"]) {
        if (key[place] === digit) continue;
        expect(parseKey(key.slice(0, place) + digit + key.slice(place + 1))).toBeUndefined();
      }
    }
  });

  it("is refused when anything is missing, added or swapped", () => {
    for (let length = 0; length < key.length; length += 1) expect(parseKey(key.slice(0, length))).toBeUndefined();
    for (const other of [
      `${key}0`,
      ` ${key}`,
      `${key}\n`,
      key.toUpperCase(),
      key.toLowerCase(),
      key.replace("_", "-"),
      "",
    ]) {
      expect(parseKey(other)).toBeUndefined();
    }
    const [, , secret = ""] = key.split("_");
    for (let place = 1; place < secret.length; place += 1) {
      const [a = "", b = ""] = secret.slice(place - 1, place + 1);
      if (a === b) continue;
      expect(parseKey(`sp_${id}_${secret.slice(0, place - 1)}${b}${a}${secret.slice(place + 1)}`)).toBeUndefined();
    }
  });

  it("is refused in letters that only look like it", () => {
    for (const other of [
      key.normalize("NFKD").replace("sp_", "ѕр_"),
      key.replace("s", "ｓ"),
      `${key}\u200b`,
      `\ufeff${key}`,
    ]) {
      expect(parseKey(other)).toBeUndefined();
    }
  });
});

describe("the checksum", () => {
  it("is CRC-32 in base 62", () => {
    const read = (digits: string): number =>
      [...digits].reduce((value, digit) => value * 62 + base62.indexOf(digit), 0);
    expect(read(checksum("123456789"))).toBe(0xcbf43926);
    expect(checksum("")).toBe("000000");
    const reference = crc32 as ((text: string) => number) | undefined;
    for (const text of ["sp_", key, "a".repeat(1000)])
      expect(read(checksum(text))).toBe(reference?.(text) ?? read(checksum(text)));
  });
});

describe("ids and prefixes", () => {
  it("are safe in file names and keys of databases", () => {
    expect(isKeyId(newKeyId())).toBe(true);
    for (const other of [
      "",
      "../../etc/passwd",
      "ABCDEFGHIJKLMNOP",
      `${id}0`,
      "a/b",
      "0123456789abcde\n",
      "__proto__",
    ]) {
      expect(isKeyId(other)).toBe(false);
    }
  });

  it("are checked", () => {
    expect(checkPrefix("acme2")).toBe("acme2");
    for (const other of ["", "2a", "Acme", "a_b", "a".repeat(17), "é"]) {
      expect(() => checkPrefix(other)).toThrow(expect.objectContaining({ code: "config_invalid" }));
    }
  });
});
