/**
 * Signing in from real processes: they share the ports of the machine, get killed while a browser is open, and have
 * terminals (https://github.com/punkpeye/mcp-remote/issues/253, https://github.com/punkpeye/mcp-remote/issues/320).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type NodeProcess, runNode } from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Bundle, bundle } from "../support/bundle.ts";
import { authorizationUrl, visit } from "./support.ts";

const fixture = fileURLToPath(new URL("../fixtures/signs-in.mjs", import.meta.url));

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let module: Bundle;
const running: Pick<NodeProcess, "kill">[] = [];
beforeAll(async () => {
  module = await bundle("src/interaction/automatic.ts");
});
afterAll(() => module?.remove());
afterEach(() => {
  for (const process of running.splice(0)) process.kill();
});

const redirectUri = "http://127.0.0.1:8080/callback";
const aDisplay = { platform: "linux", env: { DISPLAY: ":0" }, stdinIsTerminal: false, stderrIsTerminal: false };

interface SignIn {
  readonly state: string;
  readonly request?: object;
  readonly where?: object;
  readonly stdin?: string;
}

function argumentsOf({ state, request = {}, where }: SignIn): string[] {
  const options = where === undefined ? {} : { surroundings: where };
  return [fixture, module.url, JSON.stringify(options), JSON.stringify(request), authorizationUrl(state).href];
}

/** A process that signs in, from `script` on. */
function start(signIn: SignIn): NodeProcess {
  const [script = "", ...args] = argumentsOf(signIn);
  // No test opens a real browser.
  const env = { PATH: process.env["PATH"] ?? "", BROWSER: "none" };
  const started = runNode(script, args, { stdin: signIn.stdin ?? "", env });
  running.push(started);
  return started;
}

/** Where a process waits for its answer. */
async function placeOf(process: NodeProcess): Promise<string> {
  await process.printed("waiting");
  return /^open (\S+)$/m.exec(process.output.stdout)?.[1] ?? "";
}

describe("through the browser", () => {
  test("two processes that prefer one port both get their own answers, and end by themselves", async () => {
    const first = start({ state: "s-1", request: { preferredPort: 0 }, where: aDisplay });
    const one = await placeOf(first);
    const preferredPort = Number(new URL(one).port);
    const second = start({ state: "s-2", request: { preferredPort }, where: aDisplay });
    const two = await placeOf(second);
    expect(two).not.toBe(one);

    // An answer that reaches the wrong process is not taken by it.
    expect(await visit(`${one}?code=c-2&state=s-2`)).toMatchObject({ status: 400 });
    await visit(`${two}?code=c-2&state=s-2`);
    await visit(`${one}?code=c-1&state=s-1`);
    expect(await first.finished).toMatchObject({ code: 0, stdout: expect.stringContaining(`answer ${one}?code=c-1`) });
    expect(await second.finished).toMatchObject({ code: 0, stdout: expect.stringContaining(`answer ${two}?code=c-2`) });
  });

  test("the port of a process that was killed while it waited is free at once, and the old answer is nobody's", async () => {
    const killed = start({ state: "s-1", request: { preferredPort: 0 }, where: aDisplay });
    const place = await placeOf(killed);
    killed.kill();
    await killed.finished;

    const request = { preferredPort: Number(new URL(place).port), strictPort: true };
    const next = start({ state: "s-2", request, where: aDisplay });
    expect(await placeOf(next)).toBe(place);
    expect(await visit(`${place}?code=c&state=s-1`)).toMatchObject({ status: 400 });
    await visit(`${place}?code=c&state=s-2`);
    expect(await next.finished).toMatchObject({ code: 0 });
  });

  test("a port that another process holds is an error where no other may be used", async () => {
    const place = await placeOf(start({ state: "s-1", request: { preferredPort: 0 }, where: aDisplay }));
    const preferredPort = Number(new URL(place).port);
    const { stdout } = await start({ state: "s-2", request: { preferredPort, strictPort: true }, where: aDisplay })
      .finished;
    expect(stdout).toContain("failed port_unavailable");
    expect(stdout).toContain("another program has it");
  });
});

describe("without a browser", () => {
  const typed = { platform: "linux", env: {}, stdinIsTerminal: true, stderrIsTerminal: true };

  test("the pasted callback is read from standard input", async () => {
    const { code, stdout, stderr } = await start({ state: "s-1", where: typed, stdin: "code=c&state=s-1\n" }).finished;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `open ${redirectUri}\nwaiting\nanswer ${redirectUri}?code=c&state=s-1\n`,
    });
    expect(stderr).toContain(`Open this URL to sign in: ${authorizationUrl("s-1").href}\n`);
    expect(stderr).toContain("paste it here: ");
  });

  test.each(["", "code=c&state=other\n"])("input that ends with %j before the callback is an error", async (stdin) => {
    const { code, stdout, stderr } = await start({ state: "s-1", where: typed, stdin }).finished;
    expect(code).toBe(0);
    expect(stdout).toContain("failed authorization_required The sign-in was not finished: standard input ended");
    expect(stderr).toMatch(/paste it here: \n$/i);
  });

  test("and without a terminal the error names what else there is", async () => {
    const { code, stdout } = await start({ state: "s-1" }).finished;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^failed authorization_required .*credential store.*client_credentials.*device_code/);
  });
});

// util-linux: other systems have a `script` with other options.
describe.runIf(process.platform === "linux" && existsSync("/usr/bin/script"))("on a terminal", () => {
  const question = "paste it here: ";

  /** Runs the sign-in on a terminal of its own; input goes there once `text` stands on it. */
  function terminal(signIn: SignIn): {
    child: ChildProcess;
    type(text: string, after: string): Promise<void>;
    screen(): string;
  } {
    const words = [process.execPath, ...argumentsOf(signIn)].map((word) => `'${word}'`).join(" ");
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TERM: "xterm", SHELL: "/bin/sh" };
    const child = spawn("/usr/bin/script", ["-qec", words, "/dev/null"], { env, stdio: ["pipe", "pipe", "inherit"] });
    running.push({ kill: () => void child.kill("SIGKILL") });
    let screen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
    });
    const type = async (text: string, after: string): Promise<void> => {
      await expect.poll(() => screen, { timeout: 30_000 }).toContain(after);
      child.stdin.write(text);
    };
    return { child, type, screen: () => screen };
  }

  test("a long callback is read whole, after something else was pasted", async () => {
    const { child, type, screen } = terminal({ state: "s-1" });
    await type("hello\r", question);
    const code = "c".repeat(6_000);
    await type(`${redirectUri}?code=${code}&state=s-1\r`, "Paste it here: ");
    const [exit] = await once(child, "close");
    expect(exit).toBe(0);
    expect(screen()).toContain("it does not begin with http://127.0.0.1:8080/callback");
    expect(screen()).toContain(`answer ${redirectUri}?code=${code}&state=s-1`);
  });

  test("Ctrl+C interrupts the program", async () => {
    const { child, type, screen } = terminal({ state: "s-1" });
    await type("\x03", question);
    const [exit] = await once(child, "close");
    // What `script` makes of SIGINT.
    expect(exit).toBe(130);
    expect(screen()).not.toContain("failed");
    expect(screen()).toMatch(/\r\n$/);
  });
});
