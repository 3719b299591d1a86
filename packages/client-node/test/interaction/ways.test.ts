/** Sign-in on SSH, in containers and in CI: https://github.com/punkpeye/mcp-remote/issues/228 */
import { expect, test } from "vitest";
import type { Environment } from "../../src/environment.ts";
import { canAskPerson, isWsl, type Surroundings, surroundings, waysToAsk } from "../../src/interaction/ways.ts";

const linux = "linux" as const;
const both = { stdinIsTerminal: true, stderrIsTerminal: true };
const neither = { stdinIsTerminal: false, stderrIsTerminal: false };
const ssh = { SSH_CONNECTION: "10.0.0.1 5000 10.0.0.2 22" };

interface Row {
  readonly where: string;
  readonly platform: NodeJS.Platform;
  readonly env?: Environment;
  readonly terminals?: typeof both;
  /** Of browser, print and paste those that there are. */
  readonly ways: string;
}

const rows: readonly Row[] = [
  { where: "a Mac", platform: "darwin", ways: "browser print paste" },
  { where: "a Mac, started by another program", platform: "darwin", terminals: neither, ways: "browser" },
  { where: "a Mac over SSH", platform: "darwin", env: ssh, ways: "print paste" },
  { where: "Windows", platform: "win32", ways: "browser print paste" },
  { where: "Windows over SSH", platform: "win32", env: { SSH_CLIENT: "10.0.0.1" }, ways: "print paste" },
  { where: "Linux with X11", platform: linux, env: { DISPLAY: ":0" }, ways: "browser print paste" },
  { where: "Linux with Wayland", platform: linux, env: { WAYLAND_DISPLAY: "wayland-0" }, ways: "browser print paste" },
  { where: "a Linux console", platform: linux, ways: "print paste" },
  { where: "Linux with an empty DISPLAY", platform: linux, env: { DISPLAY: "" }, ways: "print paste" },
  { where: "Linux with a named browser", platform: linux, env: { BROWSER: "firefox" }, ways: "browser print paste" },
  {
    where: "a desktop without wish for a browser",
    platform: linux,
    env: { DISPLAY: ":0", BROWSER: "none" },
    ways: "print paste",
  },
  { where: "SSH", platform: linux, env: ssh, ways: "print paste" },
  { where: "SSH, with a terminal only", platform: linux, env: { SSH_TTY: "/dev/pts/0" }, ways: "print paste" },
  {
    where: "SSH with a forwarded display",
    platform: linux,
    env: { ...ssh, DISPLAY: "localhost:10.0" },
    ways: "print paste",
  },
  {
    where: "SSH with a browser of the far machine",
    platform: linux,
    env: { ...ssh, BROWSER: "lynx" },
    ways: "print paste",
  },
  {
    where: "an editor's remote window over SSH",
    platform: linux,
    env: { ...ssh, BROWSER: "/opt/helpers/browser.sh", VSCODE_IPC_HOOK_CLI: "/run/ipc.sock" },
    ways: "browser print paste",
  },
  { where: "WSL", platform: linux, env: { WSL_DISTRO_NAME: "Ubuntu" }, ways: "browser print paste" },
  { where: "a container with a terminal", platform: linux, ways: "print paste" },
  { where: "a container without", platform: linux, terminals: neither, ways: "" },
  {
    where: "a pipe into a terminal",
    platform: linux,
    terminals: { stdinIsTerminal: false, stderrIsTerminal: true },
    ways: "print",
  },
  {
    where: "a terminal into a log",
    platform: linux,
    terminals: { stdinIsTerminal: true, stderrIsTerminal: false },
    ways: "print paste",
  },
  { where: "CI", platform: linux, env: { CI: "true" }, terminals: neither, ways: "" },
  { where: "CI on a desktop with a terminal", platform: "darwin", env: { CI: "1" }, ways: "" },
  { where: "a shell that denies CI", platform: "darwin", env: { CI: "false" }, ways: "browser print paste" },
];

test.each(rows)("$where: $ways", ({ platform, env = {}, terminals = both, ways }) => {
  const where: Surroundings = { platform, env, ...terminals };
  const found = Object.entries(waysToAsk(where)).flatMap(([name, is]) => (is ? [name] : []));
  expect(found.join(" ")).toBe(ways);
  expect(canAskPerson(where)).toBe(ways !== "");
});

test("sees this process as it is", () => {
  expect(surroundings()).toEqual({
    platform: process.platform,
    env: process.env,
    stdinIsTerminal: process.stdin.isTTY === true,
    stderrIsTerminal: process.stderr.isTTY === true,
  });
});

test("knows WSL by either of its variables", () => {
  expect([{ WSL_INTEROP: "/run/WSL/1" }, { WSL_DISTRO_NAME: "Debian" }, {}].map(isWsl)).toEqual([true, true, false]);
});
