/** The session file through the command itself: modes, foreign content, many commands at once. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type McpTestServer, mcpServerV2, requireBearer } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Terminal, terminal } from "../sallyport.ts";

const token = "MARKED-TOKEN-1";
let shell: Terminal;
let server: McpTestServer;

beforeEach(async () => {
  shell = await terminal();
  server = await mcpServerV2({ guard: requireBearer(token) });
});
afterEach(async () => {
  await Promise.all([shell.close(), server.close()]);
});

const connect = (name: string) => shell.run(["client", "connect", server.url, "--name", name, "--auth", token]);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("twelve servers connected at once are all there afterwards", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `server-${i}`);
  const finished = await Promise.all(names.map(connect));
  expect(finished.map(({ code, stderr }) => [code, stderr])).toEqual(names.map(() => [0, ""]));
  const { sessions } = JSON.parse(readFileSync(shell.file, "utf8"));
  expect(Object.keys(sessions).sort()).toEqual(names.toSorted());
  expect(filesIn(shell.home)).toEqual(["cli-sessions.json"]);
});

test("commands killed while they connect leave a readable file and what was in it", async () => {
  await connect("kept");
  for (let round = 0; round < 6; round++) {
    const started = server.requests.length;
    const victims = ["a", "b"].map((name) =>
      shell.start(["client", "connect", server.url, "--name", name, "--auth", token]),
    );
    // Each round at another point: after so many more requests.
    await expect
      .poll(() => server.requests.length, { timeout: 20_000, interval: 1 })
      .toBeGreaterThan(started + (round % 4));
    for (const victim of victims) victim.kill();
    await Promise.all(victims.map(({ finished }) => finished));
    expect(JSON.parse(readFileSync(shell.file, "utf8")).sessions.kept.server.authToken).toBe(token);
  }
  expect(await connect("last")).toMatchObject({ code: 0, stderr: "" });
  expect(filesIn(shell.home)).toEqual(["cli-sessions.json"]);
});

describe.skipIf(process.platform === "win32")("modes", () => {
  test("the file is 0600 in a folder 0700, whatever the umask", async () => {
    const before = process.umask(0);
    await connect("demo").finally(() => process.umask(before));
    expect([modeOf(shell.home), modeOf(shell.file)]).toEqual([0o700, 0o600]);
  });

  test("a folder that others can read is tightened; a file is, with a warning", async () => {
    await connect("demo");
    chmodSync(shell.home, 0o755);
    chmodSync(shell.file, 0o644);
    const { code, stderr } = await shell.run(["client", "list"]);
    expect([code, modeOf(shell.home), modeOf(shell.file)]).toEqual([0, 0o700, 0o600]);
    expect(stderr).toContain("had mode 0644");
    expect((await shell.run(["client", "list"])).stderr).toBe("");
  });

  test("a folder that others can write to is not trusted, for reading or writing, and no token is sent", async () => {
    mkdirSync(shell.home);
    chmodSync(shell.home, 0o777);
    writeFileSync(shell.file, '{"version":1,"sessions":{"x":{"server":{"command":"true"},"connectedAt":""}}}');
    for (const args of [
      ["client", "tools", "list"],
      ["client", "connect", server.url, "--name", "demo", "--auth", token],
    ]) {
      expect(await shell.run(args)).toMatchObject({ code: 5, stderr: expect.stringContaining("chmod 700") });
    }
    expect(server.requests).toEqual([]);
  });
});

describe("what sallyport did not write is left as it is", () => {
  test.each([
    ["not JSON", '{ "version": 1, "sessions": { "a": "MARKED-OTHER" '],
    ["another program's", '{"servers":[]}'],
    ["an entry without a server", '{"version":1,"sessions":{"a":{}}}'],
    ["empty", ""],
    ["a newer format", '{"version":2,"sessions":{}}'],
  ])("%s: error 5 that says where and what to do", async (_, text) => {
    mkdirSync(shell.home, { mode: 0o700 });
    writeFileSync(shell.file, text, { mode: 0o600 });
    for (const command of [
      ["client", "list"],
      ["client", "disconnect", "a"],
      ["client", "tools", "list"],
    ]) {
      const { code, stdout, stderr } = await shell.run(command);
      expect([code, stdout]).toEqual([5, ""]);
      expect(stderr).toContain(shell.file);
      expect(stderr).toMatch(/left as it is/);
      expect(stderr).not.toContain("MARKED");
    }
    expect(await connect("demo")).toMatchObject({ code: 5 });
    expect(server.requests).toEqual([]);
    expect(readFileSync(shell.file, "utf8")).toBe(text);
    expect(filesIn(shell.home)).toEqual(["cli-sessions.json"]);
  });

  test("keys of a later version of the same format survive", async () => {
    await connect("demo");
    const file = JSON.parse(readFileSync(shell.file, "utf8"));
    writeFileSync(
      shell.file,
      JSON.stringify({ ...file, later: 1, sessions: { demo: { ...file.sessions.demo, later: 2 } } }),
    );
    await connect("other");
    expect(JSON.parse(readFileSync(shell.file, "utf8"))).toMatchObject({ later: 1, sessions: { demo: { later: 2 } } });
  });

  test("a link in the place of the file is not replaced", async () => {
    mkdirSync(shell.home, { mode: 0o700 });
    symlinkSync("elsewhere.json", shell.file);
    expect(await connect("demo")).toMatchObject({ code: 5 });
    expect(existsSync(`${shell.home}/elsewhere.json`)).toBe(false);
  });

  test("a file in the place of the folder is an error that names SALLYPORT_HOME", async () => {
    writeFileSync(shell.home, "");
    expect(await connect("demo")).toMatchObject({ code: 5, stderr: expect.stringContaining("SALLYPORT_HOME") });
  });
});

test("names that objects have of themselves are just names", async () => {
  expect(await connect("constructor")).toMatchObject({ code: 0, stdout: expect.not.stringContaining("in place of") });
  expect(await shell.run(["client", "disconnect", "toString"])).toMatchObject({ code: 2 });
  expect((await shell.run(["client", "tools", "list", "--name", "constructor"])).code).toBe(0);
});

/** What the store keeps: newer versions of Node also keep compiled code beside it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== "compile-cache");
}
