/** Servers that try to control the terminal, or to make the command give its credential away. */
import { readdirSync, readFileSync } from "node:fs";
import { listen, type McpTestServer, mcpServerV2 } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Terminal, terminal } from "../sallyport.ts";

const token = "MARKED-TOKEN-1";
let shell: Terminal;
beforeEach(async () => {
  shell = await terminal();
});
afterEach(() => shell.close());

describe("a server with control characters in everything it says", () => {
  const sequence = "\x1b]0;owned\x07\x9b2J\u202e";
  let server: McpTestServer;
  beforeEach(async () => {
    server = await mcpServerV2({
      prepare: (mcp) => {
        mcp.registerTool(`paint`, { description: `Paint ${sequence}\nsecond line` }, () => ({
          content: [{ type: "text", text: `done ${sequence}` }],
        }));
      },
    });
  });
  afterEach(() => server.close());

  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
  const control = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

  test.each([
    [["client", "tools", "list"]],
    [["client", "tools", "call", "paint"]],
    [["client", "tools", "call", `x${sequence}`]],
  ])("%j prints none of them", async (args) => {
    await shell.run(["client", "connect", server.url, "--name", "demo"]);
    const { stdout, stderr } = await shell.run(args);
    expect(stdout + stderr).toMatch(/\\(x|u00)9b2J\\u202e/);
    expect(stdout + stderr).not.toMatch(control);
  });

  test("--json has the result as it is", async () => {
    await shell.run(["client", "connect", server.url, "--name", "demo"]);
    const { stdout } = await shell.run(["client", "tools", "call", "paint", "--json"]);
    expect(JSON.parse(stdout).content).toEqual([{ type: "text", text: `done ${sequence}` }]);
  });
});

describe("no secret in any output or file but the session file (pain 30)", () => {
  const runs = [
    [[], {}],
    [[], { SALLYPORT_DEBUG: "1" }],
    [["--json"], { SALLYPORT_DEBUG: "1" }],
  ] as const;

  test.each(runs)("a server that sends the credential back in its refusal %j %j", async (more, env) => {
    const echo = await listen((request, response) => {
      const text = `${request.headers.authorization} ${request.headers["x-api-key"]}`;
      response.writeHead(400, text.slice(0, 50), {
        "content-type": "application/json",
        "www-authenticate": `Bearer error="${text}"`,
      });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32600, message: text, data: text } }));
    }, "/mcp");
    try {
      const args = ["client", "connect", `${echo.url}?k=MARKED-QUERY-1`, "--name", "demo", "--auth", token];
      const { code, stdout, stderr } = await shell.run([...args, "--header", "X-Api-Key=MARKED-KEY-1", ...more], {
        env,
      });
      expect(code).not.toBe(0);
      expect(echo.requests[0]?.headers).toMatchObject({
        authorization: `Bearer ${token}`,
        "x-api-key": "MARKED-KEY-1",
      });
      expect(stdout + stderr).not.toContain("MARKED");
    } finally {
      await echo.close();
    }
  });

  test.each(runs)("every command of the main job, and its errors %j %j", async (more, env) => {
    const server = await mcpServerV2();
    try {
      const connect = ["client", "connect", `${server.url}?k=MARKED-QUERY-1`, "--name", "demo", "--auth", token];
      const commands = [
        [...connect, "--header", "X-Api-Key=MARKED-KEY-1"],
        [...connect, "--header", "Authorization=MARKED-KEY-1"],
        [...connect, "MARKED-URL-1"],
        [...connect, "--header", "MARKED-KEY-1"],
        ["client", "list"],
        ["client", "tools", "list"],
        ["client", "tools", "call", "echo", '{"text":"hi"}'],
        ["client", "tools", "call", "fail"],
        ["client", "tools", "call", "nope"],
        ["client", "tools", "call", "wait", "--timeout", "0.1"],
      ];
      let output = "";
      for (const command of commands) {
        const { stdout, stderr } = await shell.run([...command, ...more], { env });
        output += stdout + stderr;
      }
      await server.close();
      const gone = await shell.run(["client", "tools", "list", ...more], { env });
      expect(output + gone.stdout + gone.stderr).not.toContain("MARKED");
      expect(readFileSync(shell.file, "utf8")).toContain(token);
      expect(readdirSync(shell.home).filter((name) => name !== "compile-cache")).toEqual(["cli-sessions.json"]);
    } finally {
      await server.close();
    }
  });
});

test("a server cannot fill the session file", async () => {
  const server = await mcpServerV2({
    prepare: (mcp) => void Reflect.set(mcp.server, "_instructions", "x".repeat(1_000_000)),
  });
  try {
    expect(await shell.run(["client", "connect", server.url, "--name", "demo"])).toMatchObject({ code: 0 });
    expect(readFileSync(shell.file).length).toBeLessThan(10_000);
  } finally {
    await server.close();
  }
});
