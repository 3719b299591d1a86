/**
 * Keys in files: who may read them, several processes, and what is left of one that is killed.
 */
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runNode, type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { build } from "tsdown";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiKeys, apiKeys, fileKeyStore } from "../../src/index.ts";

const unavailable = expect.objectContaining({ code: "store_unavailable" });

let temporary: TemporaryFolder;
let folder: string;
let auth: ApiKeys;
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = join(temporary.path, "deep/keys");
  auth = apiKeys({ store: fileKeyStore(folder) });
});
afterEach(() => temporary.remove());

describe("files", () => {
  it("are for their owner alone, and hold no key", async () => {
    const { key, id } = await auth.create();
    await auth.verifyToken(key);
    await auth.revoke(id);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const names = await readdir(folder);
    expect(names).toEqual(expect.arrayContaining([`${id}.json`, `${id}.revoked`]));
    for (const name of names.filter((each) => !each.startsWith("."))) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(folder, name), "utf8")).not.toContain(key.slice(-20));
    }
  });

  it("that are damaged or another's let nobody in, and are left as they are", async () => {
    const [a, b] = [await auth.create(), await auth.create()];
    const file = join(folder, `${a.id}.json`);
    for (const text of ["", "{", "null", "[]", await readFile(join(folder, `${b.id}.json`), "utf8")]) {
      await writeFile(file, text);
      await expect(auth.verifyToken(a.key)).rejects.toEqual(unavailable);
      expect(await readFile(file, "utf8")).toBe(text);
    }
    expect(await auth.verifyToken(b.key)).not.toBeNull();
  });

  it("that say of a revocation what cannot be read let nobody in", async () => {
    const { key, id } = await auth.create();
    await writeFile(join(folder, `${id}.revoked`), "");
    await expect(auth.verifyToken(key)).rejects.toEqual(unavailable);
  });
});

describe("a folder", () => {
  it("that others can write to is not used: anybody could have put a key there", async () => {
    await auth.create();
    await chmod(folder, 0o777);
    const other = apiKeys({ store: fileKeyStore(folder) });
    await expect(other.create()).rejects.toEqual(unavailable);
    await chmod(folder, 0o700);
    await expect(other.create()).resolves.toBeDefined();
  });

  it("that has gone is no empty one", async () => {
    const { key } = await auth.create();
    await rename(folder, `${folder}-elsewhere`);
    await expect(auth.verifyToken(key)).rejects.toEqual(unavailable);
    await rename(`${folder}-elsewhere`, folder);
    expect(await auth.verifyToken(key)).not.toBeNull();
  });

  it("that is none is said", async () => {
    await mkdir(join(temporary.path, "deep"));
    await writeFile(folder, "");
    await expect(auth.create()).rejects.toEqual(unavailable);
    await rm(folder);
    await symlink("/nonexistent/keys", folder);
    await expect(auth.create()).rejects.toEqual(unavailable);
  });

  it("may hold what is not ours", async () => {
    const { id } = await auth.create();
    await mkdir(join(folder, "notes.json"));
    await writeFile(join(folder, "README.md"), "");
    await writeFile(join(folder, ".draft-of-a-killed-process"), "{");
    expect(await auth.list()).toMatchObject([{ id }]);
  });
});

describe("another process", () => {
  // Beside the packages that it imports; Node 20 runs no TypeScript.
  const outDir = fileURLToPath(new URL("../../node_modules/.key-test", import.meta.url));
  const script = `${outDir}/key-user.js`;
  const task = (...args: string[]): ReturnType<typeof runNode> => runNode(script, [folder, ...args]);
  const outputOf = async (...args: string[]): Promise<string> => (await task(...args).finished).stdout;
  beforeAll(async () => {
    await build({
      config: false,
      entry: [fileURLToPath(new URL("../fixtures/key-user.ts", import.meta.url))],
      outDir,
      platform: "node",
      fixedExtension: false,
      dts: false,
      logLevel: "silent",
      noExternal: [/^@sallyport\//],
      inputOptions: { resolve: { conditionNames: ["@sallyport/source", "node", "import", "default"] } },
    });
  }, 60_000);
  afterAll(() => rm(outDir, { recursive: true, force: true }));

  it("accepts what this one made, and this one refuses at once what it revoked", async () => {
    const { key, id } = await auth.create({ subject: "ci" });
    expect(await outputOf("verify", key)).toBe("ci");
    expect(await outputOf("revoke", id)).toBe("true");
    expect(await auth.verifyToken(key)).toBeNull();
    expect(await outputOf("verify", key)).toBe("undefined");
  });

  it("makes keys at the same time, and none is lost", async () => {
    const others = [outputOf("create", "20"), outputOf("create", "20")];
    const own = await Promise.all(Array.from({ length: 20 }, () => auth.create()));
    const keys = [...own.map(({ key }) => key), ...(await Promise.all(others)).flatMap((text) => text.split("\n"))];
    expect(keys).toHaveLength(60);
    for (const key of keys) expect(await auth.verifyToken(key)).not.toBeNull();
    expect(await auth.list()).toHaveLength(60);
  });

  it("that is killed while it writes leaves a key that is whole, and a revocation that stays", async () => {
    const { id } = await auth.create();
    for (let round = 0; round < 3; round += 1) {
      const child = task("rotate-for-ever", id);
      await child.printed("begun");
      // In the middle of it: the file has changed since.
      const before = await readFile(join(folder, `${id}.json`), "utf8");
      await expect.poll(() => readFile(join(folder, `${id}.json`), "utf8"), { timeout: 30_000 }).not.toBe(before);
      child.kill();
      await child.finished;
      const { key } = await auth.rotate(id);
      expect(await auth.verifyToken(key)).not.toBeNull();
    }
    const child = task("rotate-for-ever", id);
    await child.printed("begun");
    expect(await auth.revoke(id)).toBe(true);
    await child.finished;
    expect(await auth.list()).toMatchObject([{ id, revokedAt: expect.any(Number) }]);
  });
});
