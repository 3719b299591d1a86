import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@sallyport/auth-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resolveEnvironment } from "../src/environment.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-env-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("without an env file it is the environment itself, live", () => {
  expect(resolveEnvironment({}, dir)).toBe(process.env);
  const env = { A: "1" };
  expect(resolveEnvironment({ env }, dir)).toBe(env);
});

test("the env file sets what the environment does not, and process.env stays as it is", () => {
  writeFileSync(
    join(dir, ".env"),
    `# a comment\nFROM_FILE=file\nexport QUOTED="two words" # why\nBOTH=file\nUNSET=file\nMULTI="a\nb"\nHASH='a#b'\n`,
  );
  const before = { ...process.env };
  const env = resolveEnvironment({ env: { BOTH: "environment", UNSET: undefined, EMPTY: "" }, envFile: ".env" }, dir);
  expect({ ...env }).toEqual({
    FROM_FILE: "file",
    QUOTED: "two words",
    BOTH: "environment",
    UNSET: "file",
    MULTI: "a\nb",
    HASH: "a#b",
    EMPTY: "",
  });
  expect(process.env).toEqual(before);
});

test("process.env wins over the env file by default", () => {
  writeFileSync(join(dir, ".env"), "PATH=from-file\nSALLYPORT_TEST_ONLY=from-file");
  const env = resolveEnvironment({ envFile: join(dir, ".env") }, "/");
  expect(env["PATH"]).toBe(process.env["PATH"]);
  expect(env["SALLYPORT_TEST_ONLY"]).toBe("from-file");
});

test("a variable named like a property of objects is a variable or unset", () => {
  writeFileSync(join(dir, ".env"), "toString=text\n__proto__=text");
  const env = resolveEnvironment({ env: {}, envFile: ".env" }, dir);
  expect(env["toString"]).toBe("text");
  expect(env["constructor"]).toBeUndefined();
});

test("an env file that cannot be read is a ConfigError with its absolute path", () => {
  const load = (): unknown => resolveEnvironment({ env: {}, envFile: "missing.env" }, dir);
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(expect.objectContaining({ code: "config_file_unreadable" }));
  expect(load).toThrow(
    `Cannot read the env file ${join(dir, "missing.env")}: it does not exist. Create it, correct \`envFile\`, or leave \`envFile\` out.`,
  );
});
