import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileBusy, replaceFile } from "../../src/sessions/replace-file.ts";

let folder: TemporaryFolder;
let file: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = `${folder.path}/state.json`;
});
afterEach(() => folder.remove());

const append = (text: string) => (current: string | undefined) => `${current ?? ""}${text}`;

/** Take the lock as another process would, and leave it. */
function leaveLock(owner: string): string {
  mkdirSync(`${file}.lock`, { mode: 0o700 });
  writeFileSync(`${file}.lock/${owner}`, "half of a secr");
  return `${file}.lock/${owner}`;
}

test("the file is made with mode 0600, and nothing else is left", async () => {
  await replaceFile(file, append("a"));
  expect(readFileSync(file, "utf8")).toBe("a");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path)).toEqual(["state.json"]);
});

test("a shorter text replaces a longer one whole", async () => {
  await replaceFile(file, () => "long text");
  await replaceFile(file, () => "short");
  expect(readFileSync(file, "utf8")).toBe("short");
});

test("nothing is written when there is nothing to change", async () => {
  await replaceFile(file, () => undefined);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("what the change throws is passed on, and the lock is free again", async () => {
  const thrown = Object.assign(new Error("no"), { code: "ENOENT" });
  await expect(
    replaceFile(file, () => {
      throw thrown;
    }),
  ).rejects.toBe(thrown);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("forty changes at once are all kept", async () => {
  await Promise.all(Array.from({ length: 40 }, (_, i) => replaceFile(file, append(`<${i}>`))));
  const kept = [...readFileSync(file, "utf8").matchAll(/<(\d+)>/g)].map(([, i]) => Number(i));
  expect(kept.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
});

test("the lock of a process that is dead is broken, and its half-written secret is gone", async () => {
  const host = await thisHost();
  // Linux hands out ids up to 2^22, macOS up to 99998: nobody has this one.
  leaveLock(`4194999-${host}-0123456789abcdef`);
  await replaceFile(file, append("a"));
  expect(readFileSync(file, "utf8")).toBe("a");
  expect(readdirSync(folder.path)).toEqual(["state.json"]);
});

test("a lock that is empty, left between two steps, is taken", async () => {
  mkdirSync(`${file}.lock`);
  await replaceFile(file, append("a"));
  expect(readdirSync(folder.path)).toEqual(["state.json"]);
});

test("the lock of a living process is waited for, and given up on in the end", async () => {
  const draft = leaveLock(`${process.pid}-${await thisHost()}-0123456789abcdef`);
  const failed = replaceFile(file, append("a"), { patienceMs: 100 });
  await expect(failed).rejects.toThrow(FileBusy);
  expect(existsSync(draft)).toBe(true);
  expect(existsSync(file)).toBe(false);
});

test.each(["past", "future"])("a lock from the %s, its process id in use again, is broken", async (when) => {
  const draft = leaveLock(`${process.pid}-${await thisHost()}-0123456789abcdef`);
  const time = Date.now() / 1000 + (when === "past" ? -60 : 3600);
  utimesSync(draft, time, time);
  await replaceFile(file, append("a"));
  expect(readFileSync(file, "utf8")).toBe("a");
});

test("whoever lost the lock starts over with what is current", async () => {
  let calls = 0;
  await replaceFile(file, (current) => {
    calls += 1;
    if (calls === 1) {
      // Meanwhile: somebody took this process for dead, broke its lock, and made a change.
      const [owner] = readdirSync(`${file}.lock`);
      unlinkSync(`${file}.lock/${owner}`);
      writeFileSync(file, "theirs,");
    }
    return append("ours")(current);
  });
  expect(calls).toBe(2);
  expect(readFileSync(file, "utf8")).toBe("theirs,ours");
});

test("what killed processes left behind is swept, and a living one's is not", async () => {
  const host = await thisHost();
  mkdirSync(`${file}.lock-4194999-${host}-0123456789abcdef`);
  mkdirSync(`${file}.lock-${process.pid}-${host}-0123456789abcdef`);
  await replaceFile(file, append("a"));
  expect(readdirSync(folder.path).sort()).toEqual([
    "state.json",
    `state.json.lock-${process.pid}-${host}-0123456789abcdef`,
  ]);
});

/** How this machine is named in a lock: read from a lock that is really held. */
async function thisHost(): Promise<string> {
  let owner = "";
  await replaceFile(`${folder.path}/probe`, () => {
    owner = readdirSync(`${folder.path}/probe.lock`)[0] ?? "";
    return undefined;
  });
  return owner.split("-")[1] ?? "";
}
