import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exitCodes } from "../../src/exit-codes.ts";
import { type Terminal, terminal } from "../sallyport.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const entry = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

let shell: Terminal;
beforeEach(async () => {
  shell = await terminal();
});
afterEach(() => shell.close());

test.each(["--version", "-V"])("%s prints the version of the package", async (flag) => {
  expect(await shell.run([flag])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test.each([
  [["--help"]],
  [["help"]],
  [["client", "--help"]],
  [["help", "client"]],
  [["client", "tools", "call", "--help"]],
])("%j prints help on stdout", async (args) => {
  expect(await shell.run(args)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Usage: sallyport"),
    stderr: "",
  });
});

test("--help lists the exit codes", async () => {
  const { stdout } = await shell.run(["--help"]);
  for (const { code, meaning } of Object.values(exitCodes))
    expect(stdout).toMatch(`${String(code).padEnd(4)} ${meaning}`);
});

test.each([
  [[], "which command?"],
  [["client"], "which command?"],
  [["clinet"], "Did you mean client?"],
  [["client", "lst"], "Did you mean list?"],
  [["client", "list", "--jsn"], "Did you mean --json?"],
  [["client", "list", "more"], "too many arguments"],
  [["client", "connect", "http://127.0.0.1:1/mcp"], "--name"],
  [["client", "connect", "--name", "a"], "URL"],
  [["client", "tools", "call"], "'tool'"],
])("%j ends with 2 and a message on stderr", async (args, text) => {
  expect(await shell.run(args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
});

test("bad usage is JSON on stdout with --json", async () => {
  const { code, stdout, stderr } = await shell.run(["client", "lst", "--json"]);
  expect([code, stderr]).toEqual([2, ""]);
  expect(JSON.parse(stdout)).toEqual({ error: { code: "usage_invalid", message: expect.stringContaining("lst") } });
});

test.each([["--version"], ["--help"], ["config", "schema"]])(
  "a reader that has seen enough is no error: %s %s",
  async (...args) => {
    const child = spawn(process.execPath, [entry, ...args.filter((arg) => arg !== undefined)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    expect([code, stderr]).toEqual([0, ""]);
  },
);

test.skipIf(process.platform !== "linux")("an output that cannot be written is one line on stderr", async () => {
  const child = spawn("sh", ["-c", '"$0" "$1" config schema > /dev/full', process.execPath, entry], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  expect(code).toBe(exitCodes.internal.code);
  expect(stderr).toMatch(/^sallyport: unexpected error: .*ENOSPC.*\n$/);
});
