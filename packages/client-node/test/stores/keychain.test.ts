/**
 * The real keychain of Linux: a Secret Service of its own, on a bus of its own, for each run. Skipped where it is not
 * installed (Debian: `apt-get install dbus gnome-keyring`).
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Bundle, bundle } from "../support/bundle.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const script = fileURLToPath(new URL("../fixtures/keychain-user.mjs", import.meta.url));

let module: Bundle;
let temporary: TemporaryFolder;
let folder: string;

beforeAll(async () => {
  module = await bundle("src/stores/keychain-store.ts");
});
afterAll(() => module?.remove());
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = `${temporary.path}/credentials`;
  mkdirSync(`${temporary.path}/run`, { mode: 0o700 });
});
afterEach(() => temporary.remove());

describe.runIf(isInstalled("dbus-run-session", "dbus-send", "gnome-keyring-daemon"))("a Secret Service", () => {
  test("keeps the key between processes; while it is locked, nothing is read, written or made anew", async () => {
    expect(await withKeyring("unlocked", "set", "s3cret")).toEqual(["value: s3cret"]);
    const file = readFileSync(`${folder}/tokens-1.json`, "utf8");
    expect(file).not.toContain("s3cret");
    expect(await withKeyring("unlocked", "get")).toEqual(["value: s3cret"]);

    const refused = [expect.stringMatching(/^store_unavailable: .*Unlock the keychain/)];
    expect(await withKeyring("locked", "get")).toEqual(refused);
    expect(await withKeyring("locked", "set", "new")).toEqual(refused);
    expect(await withKeyring("absent", "set", "new")).toEqual(refused);
    expect(readFileSync(`${folder}/tokens-1.json`, "utf8")).toBe(file);

    expect(await withKeyring("unlocked", "get")).toEqual(["value: s3cret"]);
  });
});

test.runIf(process.platform === "linux")(
  "without a Secret Service the notice says so, and the files are as fileStore's",
  async () => {
    expect(await withKeyring("absent", "set", "value")).toEqual([
      expect.stringMatching(/^notice: There is no keychain to use .*unencrypted.*gnome-keyring/),
      "value: value",
    ]);
    expect(JSON.parse(readFileSync(`${folder}/tokens-1.json`, "utf8"))).toMatchObject({ value: "value" });
  },
);

const keyrings = {
  absent: 'exec "$@"',
  locked: `gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; exec "$@"`,
  // It goes into the background before it can be reached.
  unlocked: `printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    for _ in $(seq 600); do
      dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \\
        string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true' && break
      sleep 0.05
    done
    exec "$@"`,
};

/** What the fixture prints, a line each, with a keyring in this state. */
function withKeyring(state: keyof typeof keyrings, ...task: string[]): Promise<string[]> {
  const bus = state === "absent" ? [] : ["dbus-run-session", "--"];
  const command = [...bus, "sh", "-c", keyrings[state], "sh", process.execPath, script, module.url, folder, ...task];
  const env = { PATH: process.env["PATH"], HOME: temporary.path, XDG_RUNTIME_DIR: `${temporary.path}/run` };
  const [program = "", ...args] = command;
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(output.trimEnd().split("\n")));
  });
}

function isInstalled(...programs: string[]): boolean {
  try {
    for (const program of programs) execFileSync("sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" });
    return process.platform === "linux";
  } catch {
    return false;
  }
}
