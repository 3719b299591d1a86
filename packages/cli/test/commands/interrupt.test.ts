import { mcpServerV2 } from "@sallyport/testkit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Terminal, terminal } from "../sallyport.ts";

let shell: Terminal;
beforeEach(async () => {
  shell = await terminal();
});
afterEach(() => shell.close());

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s gives a call up: the request ends, and the command with %i", async (signal, code) => {
  const server = await mcpServerV2();
  try {
    expect(await shell.run(["client", "connect", server.url, "--name", "demo"])).toMatchObject({ code: 0 });
    const call = shell.start(["client", "tools", "call", "wait", "--json"]);
    const waiting = () => server.requests.find(({ body }) => body.includes("tools/call"));
    await vi.waitFor(() => expect(waiting()).toBeDefined(), { timeout: 20_000 });
    call.kill(signal);
    const { code: exit, stdout } = await call.finished;
    expect(exit).toBe(code);
    expect(JSON.parse(stdout)).toEqual({ error: { code: "interrupted", message: `Interrupted by ${signal}.` } });
    await vi.waitFor(() => expect(waiting()?.abandoned).toBe(true), { timeout: 20_000 });
  } finally {
    await server.close();
  }
});

test("Ctrl-C ends a stdio server that does not answer", async () => {
  // Writes its process id where it can be found, and never says a word.
  const silent = `require("fs").writeFileSync(process.env.PID_FILE, String(process.pid)); process.stdin.resume(); setInterval(() => {}, 1000)`;
  const { readFile } = await import("node:fs/promises");
  const pidFile = `${shell.home}.pid`;
  const connect = shell.start([
    "client",
    "connect",
    "--stdio",
    "--name",
    "x",
    "--env",
    `PID_FILE=${pidFile}`,
    "--",
    process.execPath,
    "-e",
    silent,
  ]);
  const pid = await vi.waitFor(
    async () => {
      const text = await readFile(pidFile, "utf8");
      expect(text).not.toBe("");
      return Number(text);
    },
    { timeout: 20_000 },
  );
  connect.kill("SIGINT");
  expect((await connect.finished).code).toBe(130);
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 10_000 });
});
