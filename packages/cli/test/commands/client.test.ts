import { readFileSync } from "node:fs";
import {
  type McpTestServer,
  mcpServerV1,
  mcpServerV2,
  requireBearer,
  requireHeader,
  sseServer,
  stdioServerScript,
} from "@sallyport/testkit";
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

const connect = (name: string, ...more: string[]) =>
  shell.run(["client", "connect", server.url, "--name", name, ...more]);

describe("the main job", () => {
  test("connect once, then list, call and disconnect without a flag", async () => {
    expect(await connect("demo", "--auth", token)).toMatchObject({
      code: 0,
      stdout: "Connected to testkit-v2 2.0.0 (5 tools). Saved as demo.\n",
      stderr: "",
    });
    expect((await shell.run(["client", "list"])).stdout).toContain("* demo  ");
    expect((await shell.run(["client", "tools", "list"])).stdout).toMatch(
      /^TOOL +ARGUMENTS +DESCRIPTION\necho +text +Say the text again\n/,
    );
    expect(await shell.run(["client", "tools", "call", "add", '{"a":19,"b":23}'])).toMatchObject({
      code: 0,
      stdout: "42\n",
      stderr: "",
    });
    expect((await shell.run(["client", "disconnect", "demo"])).stdout).toBe(
      "Disconnected demo. What was saved for it is gone.\n",
    );
    expect(readFileSync(shell.file, "utf8")).not.toContain(token);
    expect(await shell.run(["client", "tools", "list"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("a later command spares the question for the protocol", async () => {
    await connect("demo", "--auth", token);
    const before = server.requests.length;
    expect((await shell.run(["client", "tools", "list"])).code).toBe(0);
    expect(server.requests.slice(before).map(({ method, body }) => `${method} ${JSON.parse(body).method}`)).toEqual([
      "POST tools/list",
    ]);
  });

  test("a server that has become another one since is asked again, and remembered", async () => {
    await connect("demo", "--auth", token);
    const { port } = server;
    const saved = JSON.parse(readFileSync(shell.file, "utf8"));
    await using older = disposable(await mcpServerV1({ guard: requireBearer(token) }));
    saved.sessions.demo.server.url = older.url;
    const { writeFile } = await import("node:fs/promises");
    await writeFile(shell.file, JSON.stringify(saved));
    expect(port).not.toBe(older.port);
    expect(await shell.run(["client", "tools", "call", "echo", '{"text":"hi"}'])).toMatchObject({
      code: 0,
      stdout: "hi\n",
    });
    expect(JSON.parse(readFileSync(shell.file, "utf8")).sessions.demo.serverInfo.name).toBe("testkit-v1");
  });

  test("the last connected server is the one without a name; --name names another", async () => {
    await using other = disposable(await mcpServerV1({ guard: requireHeader("X-API-Key", "key-1") }));
    await connect("first", "--auth", token);
    const second = await shell.run(["client", "connect", other.url, "--name", "second", "--header", "X-API-Key=key-1"]);
    expect(second).toMatchObject({ code: 0, stderr: "" });
    const before = server.requests.length;
    await shell.run(["client", "tools", "call", "echo", '{"text":"a"}']);
    expect(server.requests.length).toBe(before);
    await shell.run(["client", "tools", "call", "echo", '{"text":"a"}', "--name", "first"]);
    expect(server.requests.length).toBeGreaterThan(before);
    await shell.run(["client", "disconnect"]);
    expect((await shell.run(["client", "list"])).stdout).toContain("* first");
  });

  test("an old server that speaks HTTP+SSE alone is reached", async () => {
    await using old = disposable(await sseServer({ guard: requireBearer(token) }));
    expect(await shell.run(["client", "connect", old.url, "--name", "old", "--auth", token])).toMatchObject({
      code: 0,
    });
    expect((await shell.run(["client", "tools", "call", "echo", '{"text":"hi"}'])).stdout).toBe("hi\n");
  });
});

describe("tokens", () => {
  test("--auth-env saves the variable's name, not its value (pain 20)", async () => {
    const env = { API_TOKEN: token };
    const args = ["client", "connect", server.url, "--name", "demo", "--auth-env", "API_TOKEN"];
    expect(await shell.run(args, { env })).toMatchObject({ code: 0 });
    expect(readFileSync(shell.file, "utf8")).not.toContain(token);
    expect(await shell.run(["client", "tools", "call", "echo", '{"text":"hi"}'], { env })).toMatchObject({ code: 0 });
    expect(await shell.run(["client", "tools", "list"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("API_TOKEN"),
    });
    expect((await shell.run(["client", "list"])).stdout).toContain("bearer (token: env API_TOKEN)");
  });

  test("--auth-stdin reads the token from stdin, without its newline", async () => {
    const args = ["client", "connect", server.url, "--name", "demo", "--auth-stdin"];
    expect(await shell.run(args, { stdin: `${token}\n` })).toMatchObject({ code: 0 });
    expect(await shell.run(args, { stdin: "" })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nothing on stdin"),
    });
  });

  test("a missing token and a wrong one end with 3, and nothing is saved", async () => {
    expect(await connect("demo")).toMatchObject({ code: 3, stderr: expect.stringContaining("--auth-env") });
    expect(await connect("demo", "--auth", "WRONG-TOKEN")).toMatchObject({ code: 3, stdout: "" });
    expect((await shell.run(["client", "list", "--json"])).stdout).toBe('{\n  "sessions": []\n}\n');
  });

  test.each([
    ["two tokens", ["--auth", "a", "--auth-env", "B"], "config_conflict"],
    [
      "a token and another Authorization header",
      ["--auth", "aaa", "--header", "authorization=Bearer bbb"],
      "config_conflict",
    ],
    ["a header given twice in two cases", ["--header", "X-A=1", "--header", "x-a=2"], "config_conflict"],
    ["a header without a value", ["--header", "X-A"], "usage_invalid"],
    ["a variable that the shell left as it was (pain 15)", ["--auth", "$" + "{TOKEN}"], "config_invalid"],
    ["a name that is none", ["--name", "../x"], "usage_invalid"],
    ["an unknown option", ["--authh", "x"], "usage_invalid"],
    ["a time that is none", ["--timeout", "soon"], "usage_invalid"],
    ["a second URL", ["http://127.0.0.1:1/mcp"], "usage_invalid"],
    ["a variable for an HTTP server", ["--env", "A=1"], "usage_invalid"],
  ])("%s ends with 2 before anything is sent", async (_, more, code) => {
    const { code: exit, stdout } = await connect("demo", ...more, "--json");
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
    expect(server.requests).toEqual([]);
  });

  test("a URL that is none ends with 2", async () => {
    expect(await shell.run(["client", "connect", "htp:/x", "--name", "demo"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("stdio", () => {
  test("a server is started for each command, with the variables it was given, and ended", async () => {
    const env = { SECRET_KEY: "MARKED-KEY-1" };
    const args = ["client", "connect", "--stdio", "--name", "local", "--env", "SECRET_KEY", "--env", "PLAIN=a=b", "--"];
    expect(await shell.run([...args, process.execPath, stdioServerScript], { env })).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(readFileSync(shell.file, "utf8")).not.toContain("MARKED-KEY-1");
    const call = (name: string) =>
      shell.run(["client", "tools", "call", "environment", JSON.stringify({ name })], { env });
    expect((await call("SECRET_KEY")).stdout).toBe("MARKED-KEY-1\n");
    expect((await call("PLAIN")).stdout).toBe("a=b\n");
    expect((await shell.run(["client", "list"])).stdout).toMatch(
      /\(1 argument\) +env \(SECRET_KEY: env SECRET_KEY, PLAIN: ••••\)/,
    );
  });

  test.each([
    ["no command", ["--stdio"], 2],
    ["a token", ["--stdio", "--auth", "x", "--", "node"], 2],
    ["a command that does not exist", ["--stdio", "--", "/nonexistent/command"], 4],
  ])("%s ends with its own code, and nothing is saved", async (_, more, code) => {
    expect(await shell.run(["client", "connect", "--name", "local", ...more])).toMatchObject({ code, stdout: "" });
    expect((await shell.run(["client", "list", "--json"])).stdout).toBe('{\n  "sessions": []\n}\n');
  });

  test("options after -- are the server's, --json too", async () => {
    const { code, stdout } = await shell.run([
      "client",
      "connect",
      "--stdio",
      "--name",
      "local",
      "--",
      "/nonexistent",
      "--json",
    ]);
    expect([code, stdout]).toEqual([4, ""]);
  });
});

describe("calls", () => {
  beforeEach(() => connect("demo", "--auth", token));

  test("a tool that fails ends with 1, its result printed", async () => {
    const { code, stdout, stderr } = await shell.run(["client", "tools", "call", "fail"]);
    expect(code).toBe(1);
    expect(stdout).toContain("this tool always fails");
    expect(stderr).toBe('sallyport: the tool "fail" reported an error.\n');
    const json = await shell.run(["client", "tools", "call", "fail", "--json"]);
    expect([json.code, JSON.parse(json.stdout).isError]).toEqual([1, true]);
  });

  test("a tool that does not exist ends with 1", async () => {
    expect(await shell.run(["client", "tools", "call", "nope", "--json"])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('"request_failed"'),
    });
  });

  test.each(["[1]", "null", "{", '"text"', ""])("arguments %j are refused before anything is sent", async (args) => {
    const before = server.requests.length;
    expect(await shell.run(["client", "tools", "call", "echo", args])).toMatchObject({ code: 2, stdout: "" });
    expect(server.requests.length).toBe(before);
  });

  test("a name that is not connected ends with 2 and names those that are", async () => {
    expect(await shell.run(["client", "tools", "list", "--name", "other"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("demo"),
    });
  });

  test("a server that is gone ends with 4", async () => {
    await server.close();
    expect(await shell.run(["client", "tools", "list"])).toMatchObject({ code: 4, stdout: "" });
  });

  test("a tool that takes longer than --timeout ends with 4", async () => {
    expect(await shell.run(["client", "tools", "call", "wait", "--timeout", "3", "--json"])).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('"request_timeout"'),
    });
  });
});

function disposable<T extends { close(): Promise<void> }>(value: T): T & AsyncDisposable {
  return Object.assign(value, { [Symbol.asyncDispose]: () => value.close() });
}
