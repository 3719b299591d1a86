import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { isSallyportError, type SecretSource } from "@sallyport/auth-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type NodeSecretsOptions, nodeSecrets } from "../../src/secrets/node-secrets.ts";
import { isAlive } from "../support/processes.ts";

const marker = "s3cr3t-marker";
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-secrets-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const read = (source: SecretSource, options: NodeSecretsOptions = {}): Promise<string> =>
  nodeSecrets({ baseDir: dir, ...options }).read(source);

/** The failure of a read, which must show nothing secret in any form. */
async function failureOf(source: SecretSource, options?: NodeSecretsOptions): Promise<string> {
  const error: unknown = await read(source, options).then(
    () => expect.unreachable("the read should have failed"),
    (error: unknown) => error,
  );
  if (!isSallyportError(error)) throw error;
  expect(error.code).toBe("credential_source_failed");
  expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(marker);
  return error.message;
}

const node = (script: string, ...args: string[]): SecretSource => ({
  command: [process.execPath, "-e", script, ...args],
});

describe("env", () => {
  test("reads the variable afresh each time", async () => {
    const env: Record<string, string> = { TOKEN: "one" };
    const secrets = nodeSecrets({ env });
    expect(await secrets.read({ env: "TOKEN" })).toBe("one");
    env["TOKEN"] = "two";
    expect(await secrets.read({ env: "TOKEN" })).toBe("two");
  });

  test("without options reads process.env", async () => {
    expect(await nodeSecrets().read({ env: "PATH" })).toBe(process.env["PATH"]);
  });

  test("an unset or empty variable is a failure that names it", async () => {
    expect(await failureOf({ env: "TOKEN" }, { env: {} })).toMatch(/env TOKEN: the variable is not set/);
    expect(await failureOf({ env: "TOKEN" }, { env: { TOKEN: "" } })).toMatch(/env TOKEN: the variable is empty/);
    expect(await failureOf({ env: "constructor" }, { env: {} })).toMatch(/not set/);
  });
});

describe("file", () => {
  test.each([
    ["s3cret", "s3cret"],
    ["s3cret\n", "s3cret"],
    ["s3cret\r\n", "s3cret"],
    ["s3cret\n\n", "s3cret\n"],
    [" s3cret ", " s3cret "],
    ["\uFEFFs3cret", "s3cret"],
    ["line 1\nline 2\n", "line 1\nline 2"],
  ])("%j is the secret %j", async (content, secret) => {
    writeFileSync(join(dir, "token"), content);
    expect(await read({ file: "token" })).toBe(secret);
    expect(await read({ file: join(dir, "token") })).toBe(secret);
  });

  test("a link, as Kubernetes mounts secrets, is followed", async () => {
    writeFileSync(join(dir, "token"), marker);
    symlinkSync(join(dir, "token"), join(dir, "link"));
    expect(await read({ file: "link" })).toBe(marker);
  });

  test("a relative path without a base folder starts at the working directory", async () => {
    await expect(nodeSecrets().read({ file: "no-such-token" })).rejects.toThrow(join(process.cwd(), "no-such-token"));
  });

  test("what cannot be a secret fails, naming the file", async () => {
    const path = join(dir, "token");
    expect(await failureOf({ file: "token" })).toBe(
      `Cannot read the secret from file ${path}: it does not exist. Write the secret there, or correct the path.`,
    );
    writeFileSync(path, "");
    expect(await failureOf({ file: "token" })).toContain(`${path}: it is empty`);
    writeFileSync(path, "\n");
    expect(await failureOf({ file: "token" })).toContain(`${path}: it is empty`);
    writeFileSync(path, marker.repeat(200_000));
    expect(await failureOf({ file: "token" })).toContain(`${path}: it is larger than 1024 KiB`);
    writeFileSync(path, Buffer.concat([Buffer.from(marker), Buffer.from([0xff, 0x80])]));
    expect(await failureOf({ file: "token" })).toContain(`${path}: it is not UTF-8 text`);
    expect(await failureOf({ file: dir })).toContain(`${dir}: it is a folder`);
    expect(await failureOf({ file: "/dev/zero" })).toContain("/dev/zero: it is not a regular file");
    expect(await failureOf({ file: "token/below" })).toContain("a part of the path is not a folder");
  });

  test.skipIf(process.getuid?.() === 0)("a file that may not be read fails", async () => {
    writeFileSync(join(dir, "token"), marker);
    chmodSync(join(dir, "token"), 0);
    expect(await failureOf({ file: "token" })).toContain("permission denied");
  });
});

// Helpers that print short-lived tokens: anthropics/claude-code#53267.
describe("command", () => {
  test("what it prints is the secret, less one newline", async () => {
    expect(await read(node("process.stdout.write('a b\\n\\n')"))).toBe("a b\n");
  });

  test("arguments reach the program as they are: no shell is involved", async () => {
    const argument = `$(touch ${join(dir, "pwned")}) ; echo "x" \`id\` %PATH% *`;
    expect(await read(node("process.stdout.write(process.argv[1])", argument))).toBe(argument);
    expect(existsSync(join(dir, "pwned"))).toBe(false);
  });

  test("it runs in the base folder with the given environment", async () => {
    const script = "console.log(process.cwd() + ' ' + process.env.NAME)";
    const printed = await read(node(script), { env: { NAME: "value" } });
    expect(printed).toBe(`${dir} value`);
  });

  test("a relative program starts at the base folder", async () => {
    writeFileSync(join(dir, "token.sh"), "#!/bin/sh\necho from-script\n", { mode: 0o755 });
    expect(await read({ command: ["./token.sh"] })).toBe("from-script");
  });

  test("it gets no input", async () => {
    expect(await read(node("process.stdin.resume().on('end', () => console.log('ended'))"))).toBe("ended");
  });

  test("its failure says how it ended, and nothing it was given or printed", async () => {
    const fail = "console.log(process.argv[1]); console.error(process.argv[1]); process.exit(3)";
    expect(await failureOf(node(fail, marker))).toBe(
      `Cannot read the secret from command ${process.execPath}: it exited with code 3. Run it by hand to see why.`,
    );
    expect(await failureOf(node("process.kill(process.pid, 'SIGTERM')", marker))).toContain("ended by SIGTERM");
    expect(await failureOf(node("", marker))).toContain("it printed nothing");
    expect(await failureOf(node("console.log()", marker))).toContain("it printed nothing");
    expect(await failureOf(node("process.stdout.write(Buffer.from([0xff, 0xfe, 0xfd]))", marker))).toContain("UTF-8");
    expect(await failureOf({ command: ["no-such-program", marker] })).toContain("no-such-program: it was not found");
    expect(await failureOf({ command: [process.execPath, `${marker}\0`] })).toContain("could not be started");
    writeFileSync(join(dir, "plain"), "not a program", { mode: 0o644 });
    expect(await failureOf({ command: ["./plain", marker] })).toContain("may not be executed");
  });

  test("one that prints without end is stopped", async () => {
    const endless = "const print = () => process.stdout.write('x'.repeat(65536), print); print()";
    expect(await failureOf(node(endless))).toContain("it printed more than 64 KiB");
  });

  test("one that does not finish is killed, also when it ignores polite signals", async () => {
    const pidFile = join(dir, "pid");
    const stubborn = 'trap "" TERM; echo $$ > "$0"; while :; do sleep 1; done';
    const message = await failureOf({ command: ["sh", "-c", stubborn, pidFile] }, { commandTimeoutMs: 2000 });
    expect(message).toContain("it did not finish within 2000 ms and was killed");
    const pid = Number(readFileSync(pidFile, "utf8"));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test("a helper that keeps the output open does not keep the read waiting", async () => {
    const pidFile = join(dir, "pid");
    const lingering = 'sleep 60 & echo $! > "$0"; wait';
    expect(await failureOf({ command: ["sh", "-c", lingering, pidFile] }, { commandTimeoutMs: 2000 })).toContain(
      "was killed",
    );
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
  });
});
