/** Signing in with OAuth from a terminal: what is printed where, how it ends, and who is asked again. */
import { readdirSync } from "node:fs";
import {
  type NodeProcess,
  type ProtectedMcpServer,
  protectedMcpServer,
  type TestAuthorizationServer,
  testAuthorizationServer,
} from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Terminal, terminal } from "../sallyport.ts";

let shell: Terminal;
let issuer: TestAuthorizationServer;
let server: ProtectedMcpServer;
beforeEach(async () => {
  shell = await terminal();
  issuer = await testAuthorizationServer();
  server = await protectedMcpServer({ authorizationServer: issuer });
});
afterEach(async () => {
  await Promise.all([shell.close(), server.close(), issuer.close()]);
  expect(issuer.failures).toEqual([]);
});

/** A browser that opens nothing: what it should show is printed too. */
const browser = { BROWSER: "true" };
const nobody = { BROWSER: "none" };

const connect = (...more: string[]): string[] => ["client", "connect", server.url, "--name", "demo", ...more];

/** The URL that the command wants the person to open. */
async function shownUrl({ output }: NodeProcess): Promise<string> {
  return vi.waitFor(
    () => {
      const [, url] = /^Open this URL to sign in: (\S+)\n/m.exec(output.stderr) ?? [];
      return url ?? expect.unreachable(`no URL in: ${output.stderr}`);
    },
    { timeout: 30_000 },
  );
}

async function signIn(decision: "allow" | "deny" = "allow", ...more: string[]) {
  const command = shell.start(connect(...more), { env: browser });
  await issuer.signIn(await shownUrl(command), { deliver: true, decision });
  return command.finished;
}

/** Every token that the authorization server has issued, and what came with it. */
function issued(): string[] {
  return server.calls.flatMap(({ token }) => token ?? []);
}

describe("with a browser", () => {
  test("the first command signs in, later ones ask nobody, and stdout has the results alone", async () => {
    const { code, stdout, stderr } = await signIn();
    expect([code, stdout]).toEqual([0, "Connected to testkit-v2 2.0.0 (5 tools). Saved as demo.\n"]);
    expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/^Open this URL to sign in: http/)]);
    expect(issuer.count("token", "authorization_code", 200)).toBe(1);

    const before = issuer.requests.length;
    expect(await shell.run(["client", "tools", "call", "add", '{"a":19,"b":23}'], { env: nobody })).toMatchObject({
      code: 0,
      stdout: "42\n",
      stderr: "",
    });
    expect(issuer.requests.length).toBe(before);

    issuer.expireAccessTokens();
    expect(await shell.run(["client", "tools", "list"], { env: nobody })).toMatchObject({ code: 0, stderr: "" });
    expect(issuer.count("token", "refresh_token", 200)).toBe(1);
    expect((await shell.run(["client", "list"])).stdout).toContain("OAuth on demand");
  });

  test("--json leaves the URL to stderr", async () => {
    const { code, stdout } = await signIn("allow", "--json");
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ name: "demo", tools: 5 })]);
  });

  test("who says no is told so, and nothing is saved", async () => {
    const { code, stdout, stderr } = await signIn("deny", "--json");
    expect([code, JSON.parse(stdout).error.code]).toEqual([3, "authorization_denied"]);
    expect(stderr).toMatch(/^Open this URL[^\n]+\n$/);
    expect((await shell.run(["client", "list", "--json"])).stdout).toBe('{\n  "sessions": []\n}\n');
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends the wait with %i", async (signal, code) => {
    const command = shell.start(connect("--json"), { env: browser });
    const redirectUri = new URL(await shownUrl(command)).searchParams.get("redirect_uri") ?? "";
    expect((await fetch(redirectUri)).status).toBe(400);
    command.kill(signal);
    const { code: exit, stdout } = await command.finished;
    expect(exit).toBe(code);
    expect(JSON.parse(stdout)).toEqual({ error: { code: "interrupted", message: `Interrupted by ${signal}.` } });
    expect(issuer.count("token")).toBe(0);
  });

  test("disconnect says that the sign-in is kept, and it is", async () => {
    await signIn();
    expect((await shell.run(["client", "disconnect", "demo"])).stdout).toBe(
      "Disconnected demo. What was saved for it is gone. A sign-in at the server, if there is one, is kept.\n",
    );
    expect(await shell.run(connect(), { env: nobody })).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("without anybody to ask", () => {
  test.each([
    ["no browser and no terminal", nobody],
    ["CI", { ...browser, CI: "true" }],
  ])("%s ends with 3 and the next step, before a client is registered", async (_, env) => {
    const { code, stdout, stderr } = await shell.run(connect(), { env });
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(/^sallyport: .*Sign in once in a terminal.*--auth-env/);
    expect(issuer.count("registration")).toBe(0);
    const json = await shell.run(connect("--json"), { env });
    expect([json.code, JSON.parse(json.stdout).error.code]).toEqual([3, "authorization_required"]);
  });

  test("a server that takes no new clients is reached in another way", async () => {
    const closed = await testAuthorizationServer({ registration: false });
    const server = await protectedMcpServer({ authorizationServer: closed });
    try {
      const { code, stderr } = await shell.run(["client", "connect", server.url, "--name", "demo"], { env: browser });
      expect(code).toBe(3);
      expect(stderr).toMatch(/does not register clients.*This command cannot be given a client.*--auth-env/);
    } finally {
      await server.close();
      await closed.close();
    }
  });

  test("a sign-in that has ended is asked for again by the next command", async () => {
    await signIn();
    issuer.expireAccessTokens();
    issuer.killRefreshTokens();
    const { code, stdout, stderr } = await shell.run(["client", "tools", "list"], { env: nobody });
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("Sign in once in a terminal");
  });
});

describe("no token in any output (pain 30)", () => {
  test.each([[[]], [["--json"]]])("when the server refuses what it has issued %j", async (more) => {
    await signIn();
    server.refuse("insufficient_scope", ["mcp:read", "mcp:admin"]);
    const env = { ...nobody, SALLYPORT_DEBUG: "1" };
    const { code, stdout, stderr } = await shell.run(["client", "tools", "list", ...more], { env });
    expect(code).toBe(3);
    expect(issued().length).toBeGreaterThan(0);
    for (const token of issued()) expect(stdout + stderr).not.toContain(token);
  });

  test("and the session file has none: sign-ins lie in files of their own, for their owner alone", async () => {
    await signIn();
    const { readFileSync, statSync } = await import("node:fs");
    for (const token of issued()) expect(readFileSync(shell.file, "utf8")).not.toContain(token);
    const folder = `${shell.home}/credentials`;
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) expect(statSync(`${folder}/${name}`).mode & 0o777, name).toBe(0o600);
  });

  test("a store that cannot be used ends with 5", async () => {
    await signIn();
    const { chmod } = await import("node:fs/promises");
    await chmod(`${shell.home}/credentials`, 0o777);
    expect(await shell.run(["client", "tools", "list", "--json"], { env: nobody })).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('"store_unavailable"'),
    });
  });
});
