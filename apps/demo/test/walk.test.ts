/**
 * The demo as a person runs it: the built program as a process of its own, with secrets that can be found again
 * wherever they turn up (pain 30: xdevplatform/xmcp#12).
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const entry = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const secrets = {
  DEMO_ALICE_TOKEN: "MARKED-SECRET-alice-7f3a",
  DEMO_BOB_TOKEN: "MARKED-SECRET-bob-91bc",
  DEMO_EXPIRED_TOKEN: "MARKED-SECRET-expired-55d0",
  DEMO_JOB_SECRET: "MARKED-SECRET-job-2e8d",
};
// What a secret looks like when it has been through Basic, a URL or base64.
const forms = Object.values(secrets).flatMap((secret) => [
  secret,
  Buffer.from(secret).toString("base64").slice(0, -2),
  Buffer.from(`alice:${secret}`).toString("base64").slice(0, -2),
  Buffer.from(`nightly-job:${secret}`).toString("base64").slice(0, -2),
  Buffer.from(secret).toString("base64url"),
]);
/** The files that are there to hold a credential, and no others. */
const credentialFiles = /(?:^|\/)(?:tokens\.env|bob\.token|cli-sessions\.json|credentials\/[^/]+)$/;
/** The access tokens of the authorization server, whoever got them and wherever they were forgotten since. */
const jwt = /eyJ[\w-]+\.eyJ[\w-]+/;

describe("the demo", () => {
  let temporary: string;
  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), "sallyport-demo-test-"));
  });
  afterAll(() => rm(temporary, { recursive: true, force: true }));

  it("walks every configuration form and every refusal, shows no secret, and cleans up on Ctrl-C", async () => {
    const demo = spawn(process.execPath, [entry], { env: { ...process.env, ...secrets, TMPDIR: temporary } });
    let output = "";
    const ready = new Promise<void>((resolve, reject) => {
      const collect = (chunk: Buffer): void => {
        output += chunk;
        if (output.includes("Ctrl-C stops the demo.")) resolve();
      };
      demo.stdout.on("data", collect);
      demo.stderr.on("data", collect);
      demo.once("exit", () => reject(new Error(`The demo ended early:\n${output}`)));
    });
    await ready;

    expect(output).not.toContain("✗");
    expect(output).toMatch(/^(\d+) of \1 steps did what they should\.$/m);
    for (const name of Object.keys(await entries())) {
      // Once on each SDK line.
      expect(output.split(`✓ ${name}\n`), name).toHaveLength(3);
    }
    expect(output).toContain("authorization: Bearer ••••");
    expect(output).toContain("the page says: alice <alice@example.com>");

    const written = await filesBelow(temporary);
    expect(written.map((file) => basename(file))).toEqual(expect.arrayContaining(["tokens.env", "cli-sessions.json"]));
    const issued = await issuedSecrets(written);
    expect(Object.keys(issued)).toEqual(expect.arrayContaining(["accessToken", "refreshToken"]));
    const others = written.filter((file) => !credentialFiles.test(file));
    const texts = [output, ...(await Promise.all(others.map((file) => readFile(file, "utf8"))))];
    for (const [index, text] of texts.entries()) {
      const where = index === 0 ? "the output" : others[index - 1];
      for (const secret of [...forms, ...Object.values(issued)]) expect(text, where).not.toContain(secret);
      expect(text, where).not.toMatch(jwt);
    }

    const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
    demo.kill("SIGINT");
    expect(await ended).toBe(0);
    expect((await readdir(temporary)).filter((name) => name.startsWith("sallyport"))).toEqual([]);
  }, 120_000);
});

it("does not pass for a walk that went well when it is stopped in the middle", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sallyport-demo-test-"));
  try {
    const demo = spawn(process.execPath, [entry, "--once"], { env: { ...process.env, TMPDIR: folder } });
    let output = "";
    const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
    demo.stdout.on("data", (chunk: Buffer) => {
      const begun = output.includes("✓");
      output += chunk;
      // The first step is behind it, and most are to come.
      if (!begun && output.includes("✓")) demo.kill("SIGINT");
    });
    expect(await ended).toBe(130);
    expect(output).not.toContain("✗");
    expect((await readdir(folder)).filter((name) => name.startsWith("sallyport"))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

async function entries(): Promise<Record<string, unknown>> {
  const { parseConfigText } = await import("@sallyport/auth-core");
  const text = await readFile(new URL("../mcp-config.json", import.meta.url), "utf8");
  // What the variables hold plays no part here, as long as it may stand where they do.
  const env = Object.fromEntries(
    [...text.matchAll(/\$\{(?:env:)?(\w+)/g)].map(([, name]) => [name, "http://127.0.0.1"]),
  );
  return parseConfigText(text, { expand: true, env }).mcpServers;
}

/** What the command has kept of its sign-in, by the names of the members. */
async function issuedSecrets(written: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of written.filter((each) => /\/cli\/credentials\/[^/]+\.json$/.test(each))) {
    const { value } = JSON.parse(await readFile(file, "utf8"));
    JSON.parse(value, (name, member) => {
      if (/token$|secret|verifier|state|dpopKey/i.test(name) && typeof member === "string") found[name] = member;
      return member;
    });
  }
  return found;
}

async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}
