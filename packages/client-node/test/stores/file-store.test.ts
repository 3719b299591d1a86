/**
 * Credential files (STO-01, REF-01): what is on the disk, and what is refused.
 */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { storeContract } from "@sallyport/testkit/store-contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileStore, sallyportHome } from "../../src/index.ts";

// Everything written is flushed, which takes long on a disk that has other things to do.
vi.setConfig({ testTimeout: 60_000 });

const posix = process.platform !== "win32";
const unavailable = { name: "SallyportError", code: "store_unavailable" };

let temporary: TemporaryFolder;
let folder: string;

beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = `${temporary.path}/home/credentials`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await temporary.remove();
});

storeContract("fileStore", () => fileStore(folder));

describe("what is on the disk", () => {
  test.runIf(posix)("files of mode 0600 in a folder of mode 0700, and nothing else", async () => {
    const umask = process.umask(0);
    try {
      const store = fileStore(folder);
      await store.withLock("tokens-1", () => store.set("tokens-1", "value"));
      await store.set("client-1", "value");
    } finally {
      process.umask(umask);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(`${temporary.path}/home`).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual(["client-1.json", "tokens-1.json"]);
    for (const name of readdirSync(folder)) expect(statSync(`${folder}/${name}`).mode & 0o777).toBe(0o600);
  });

  test("reading and deleting make no folder", async () => {
    await fileStore(folder).get("tokens-1");
    await fileStore(folder).delete("tokens-1");
    expect(readdirSync(temporary.path)).toEqual([]);
  });

  test("another store of the same folder sees the value, one of another folder does not", async () => {
    await fileStore(folder).set("tokens-1", "value");
    expect(await fileStore(folder).get("tokens-1")).toBe("value");
    expect(await fileStore(`${folder}-2`).get("tokens-1")).toBeUndefined();
  });

  test("the folder is `credentials` where SALLYPORT_HOME says, and ~/.sallyport without", async () => {
    vi.stubEnv("SALLYPORT_HOME", temporary.path);
    await fileStore().set("tokens-1", "value");
    expect(readdirSync(`${temporary.path}/credentials`)).toEqual(["tokens-1.json"]);
    expect(sallyportHome({ HOME: "/ignored" })).toMatch(/[/\\]\.sallyport$/);
    expect(sallyportHome({ SALLYPORT_HOME: temporary.path })).toBe(temporary.path);
  });
});

describe("keys", () => {
  test.each(["", "../tokens", "a/b", "a\\b", "with space", "null\0", "ключ", "x".repeat(257)])(
    "%j is refused",
    async (key) => {
      const store = fileStore(folder);
      await expect(store.get(key)).rejects.toMatchObject(unavailable);
      await expect(store.set(key, "value")).rejects.toMatchObject(unavailable);
      await expect(store.delete(key)).rejects.toMatchObject(unavailable);
      await expect(store.withLock(key, async () => 1)).rejects.toMatchObject(unavailable);
      expect(readdirSync(temporary.path)).toEqual([]);
    },
  );

  test.each([".", "..", "CON", "nul", "a:b", "%2e%2e", "tokens-1.json", "x".repeat(256)])(
    "%j becomes a name that every file system takes",
    async (key) => {
      await fileStore(folder).set(key, "value");
      expect(await fileStore(folder).get(key)).toBe("value");
      expect(readdirSync(folder)).toEqual([expect.stringMatching(/^~[0-9a-f]{64}\.json$/)]);
    },
  );
});

describe("a file that is not what was written is refused and left as it is", () => {
  const file = (): string => `${folder}/tokens-1.json`;

  beforeEach(() => fileStore(folder).set("tokens-1", '{"refresh_token":"s3cret"}'));

  test.each([
    ["empty", () => ""],
    ["cut off", (text: string) => text.slice(0, -20)],
    ["no JSON", () => "s3cret"],
    ["no object", () => "null"],
    ["edited", (text: string) => text.replace("refresh_token", "refresh_tokem")],
    ["of another key", (text: string) => text.replace("tokens-1", "tokens-2")],
    ["without a version", (text: string) => text.replace('"version"', '"v"')],
    ["of a newer version", (text: string) => text.replace('"version":1', '"version":2')],
    ["not UTF-8", () => Buffer.from([0xff, 0x00, 0xfe])],
    ["endless", () => "x".repeat(3_000_000)],
  ])("%s", async (_, change) => {
    const content = change(readFileSync(file(), "utf8"));
    writeFileSync(file(), content);
    const error = await fileStore(folder)
      .get("tokens-1")
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ ...unavailable, message: expect.stringContaining(file()) });
    // It says what to do, and nothing of what is in it.
    expect(String(error)).toMatch(/It was left as it is.*(delete|Update)/);
    expect(String(error)).not.toContain("s3cret");
    expect(readFileSync(file()).equals(Buffer.from(content))).toBe(true);
  });

  test("a folder in its place", async () => {
    unlinkSync(file());
    mkdirSync(file());
    await expect(fileStore(folder).get("tokens-1")).rejects.toMatchObject(unavailable);
  });

  test("signing out and signing in again are the way out", async () => {
    const store = fileStore(folder);
    writeFileSync(file(), "damaged");
    await store.delete("tokens-1");
    expect(await store.get("tokens-1")).toBeUndefined();
    writeFileSync(file(), "damaged");
    await store.set("tokens-1", "new");
    expect(await store.get("tokens-1")).toBe("new");
  });

  test("a file renamed to another key's name is not taken for it", async () => {
    writeFileSync(`${folder}/tokens-2.json`, readFileSync(file()));
    await expect(fileStore(folder).get("tokens-2")).rejects.toMatchObject(unavailable);
  });
});

test("a value that could not be read again is not written, and the old one stays", async () => {
  const store = fileStore(folder);
  await store.set("tokens-1", "old");
  await expect(store.set("tokens-1", "x".repeat(256 * 1024 + 1))).rejects.toMatchObject(unavailable);
  expect(await store.get("tokens-1")).toBe("old");
  // The most that is kept, in characters that take the most room.
  const most = "\u0000".repeat(256 * 1024);
  await store.set("tokens-1", most);
  expect(await store.get("tokens-1")).toBe(most);
});

describe.runIf(posix)("the folder", () => {
  test.each([0o777, 0o770, 0o702])("that others can write to (%o) is refused", async (mode) => {
    const store = fileStore(folder);
    await store.set("tokens-1", "value");
    chmodSync(folder, mode);
    for (const use of [
      () => store.get("tokens-1"),
      () => store.set("tokens-1", "new"),
      () => store.delete("tokens-1"),
      () => store.withLock("tokens-1", async () => 1),
    ]) {
      await expect(use()).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining("chmod 700") });
    }
    chmodSync(folder, 0o700);
    expect(await store.get("tokens-1")).toBe("value");
  });

  test("that others can read is tightened", async () => {
    await fileStore(folder).set("tokens-1", "value");
    chmodSync(folder, 0o755);
    expect(await fileStore(folder).get("tokens-1")).toBe("value");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test("that is a file is refused", async () => {
    await temporary.write("home/credentials", "not a folder");
    await expect(fileStore(folder).get("tokens-1")).rejects.toMatchObject(unavailable);
    await expect(fileStore(folder).set("tokens-1", "value")).rejects.toMatchObject(unavailable);
  });

  test("may be a link to one's own folder", async () => {
    mkdirSync(`${temporary.path}/elsewhere`, { mode: 0o700 });
    symlinkSync(`${temporary.path}/elsewhere`, `${temporary.path}/link`);
    await fileStore(`${temporary.path}/link`).set("tokens-1", "value");
    expect(readdirSync(`${temporary.path}/elsewhere`)).toEqual(["tokens-1.json"]);
  });

  test("that was deleted meanwhile is made again", async () => {
    const store = fileStore(folder);
    await store.set("tokens-1", "value");
    await temporary.remove();
    expect(await store.get("tokens-1")).toBeUndefined();
    await store.withLock("tokens-1", () => store.set("tokens-1", "new"));
    expect(await store.get("tokens-1")).toBe("new");
  });
});
