/**
 * A disk that is full and a folder that is read-only, while tokens have to be kept: `store_unavailable`, and nobody has to
 * sign in again (REF-01; https://github.com/anthropics/claude-code/issues/4760).
 */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runNode } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fileStore } from "../../src/stores/file-store.ts";
import { type Bundle, bundle } from "../support/bundle.ts";
import { mayMount, shell, withDisk } from "../support/disk.ts";
import { browser, client, place } from "./setup.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const nobody = 65534;
const unavailable = {
  code: "store_unavailable",
  message: expect.stringMatching(/ENOSPC.*free some space|EROFS.*SALLYPORT_HOME/),
};

describe.runIf(mayMount())("a disk", () => {
  const fill = (file: string): void => {
    try {
      writeFileSync(file, Buffer.alloc(128 * 1024));
    } catch {
      // That is what it is for.
    }
  };

  test.each<[string, (disk: string) => void, (disk: string) => void]>([
    ["that is full", (disk) => fill(`${disk}/filler`), (disk) => rmSync(`${disk}/filler`)],
    [
      "that is read-only",
      (disk) => shell('mount -o remount,ro "$0"', disk),
      (disk) => shell('mount -o remount,rw "$0"', disk),
    ],
  ])("%s: what is there serves, a refresh waits, and goes on where it was", async (_, spoil, mend) => {
    const here = await place();
    const { as } = here;
    const disk = `${here.folder.path}/disk`;
    await withDisk(disk, async () => {
      const { interaction, opened } = browser(as);
      const options = { interaction, store: fileStore(`${disk}/credentials`) };
      const first = await client(here, options).client.createSession("notes");
      spoil(disk);
      // Its tokens are good, and reading them needs no room.
      const second = await client(here, options).client.createSession("notes");
      as.expireAccessTokens();
      for (const session of [first, second]) await expect(session.listTools()).rejects.toMatchObject(unavailable);
      expect(as.count("token", "refresh_token")).toBe(0);
      mend(disk);
      for (const session of [first, second]) expect(await session.listTools()).not.toEqual([]);
      expect(as.count("token", "refresh_token")).toBe(1);
      expect(opened).toHaveLength(1);
    });
  });

  test("that is full: nobody is asked to sign in for nothing", async () => {
    const here = await place();
    const disk = `${here.folder.path}/disk`;
    await withDisk(disk, async () => {
      const { interaction, opened } = browser(here.as);
      const options = { interaction, store: fileStore(`${disk}/credentials`) };
      fill(`${disk}/filler`);
      await expect(client(here, options).client.createSession("notes")).rejects.toMatchObject(unavailable);
      expect(opened).toEqual([]);
      rmSync(`${disk}/filler`);
      await client(here, options).client.createSession("notes");
      expect(opened).toHaveLength(1);
    });
  });
});

describe.runIf(process.platform !== "win32")("a folder that may not be written to", () => {
  let program: Bundle;
  beforeAll(async () => {
    program = await bundle("test/fixtures/oauth-user.ts");
  });
  afterAll(() => program?.remove());

  // The modes of files do not bind root: its child becomes another user, to whom the folder is given.
  test("serves what is in it, and refuses before a refresh is sent", async () => {
    const here = await place();
    const { as, mcp } = here;
    const folder = `${here.folder.path}/credentials`;
    const { interaction, opened } = browser(as);
    const auth = { type: "oauth", callbackPort: 0, strictPort: false };
    const first = client(here, { interaction, store: fileStore(folder) }, auth);
    await first.client.createSession("notes");
    const asRoot = process.getuid?.() === 0;
    if (asRoot) execFileSync("chown", ["-R", String(nobody), here.folder.path]);
    execFileSync("chmod", ["500", folder]);
    const task = { url: mcp.url, folder, ...(asRoot ? { uid: nobody } : {}) };
    const use = () => runNode(fileURLToPath(program.url), [JSON.stringify(task)]).finished;

    const served = await use();
    as.expireAccessTokens();
    const refused = await use();
    execFileSync("chmod", ["700", folder]);
    const mended = await use();
    if (asRoot) execFileSync("chown", ["-R", "0", here.folder.path]);
    expect(served).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done /), stderr: "" });
    expect(refused.stdout).toMatch(/^failed store_unavailable .*SALLYPORT_HOME/);
    expect(mended.stdout).toMatch(/^done /);
    expect(as.count("token", "refresh_token")).toBe(1);
    expect(opened).toHaveLength(1);
  });
});
