import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exitCodes, exitOfError } from "../src/exit-codes.ts";

test("the exit codes are what scripts rely on", () => {
  const numbers = Object.fromEntries(Object.entries(exitCodes).map(([name, { code }]) => [name, code]));
  expect(numbers).toEqual({
    ok: 0,
    reported: 1,
    usage: 2,
    unauthorized: 3,
    unreachable: 4,
    store: 5,
    internal: 70,
    SIGHUP: 129,
    SIGINT: 130,
    SIGTERM: 143,
  });
});

test("the README lists every exit code with the sentence that --help shows", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8").replace(/ +/g, " ");
  for (const { code, meaning } of Object.values(exitCodes)) expect(readme).toContain(`| ${code} | ${meaning} |`);
});

test.each([
  ["config_invalid", "usage"],
  ["config_conflict", "usage"],
  ["config_env_missing", "usage"],
  ["config_file_unreadable", "usage"],
  ["usage_invalid", "usage"],
  ["server_unknown", "usage"],
  ["unauthorized", "unauthorized"],
  ["authorization_required", "unauthorized"],
  ["insufficient_scope", "unauthorized"],
  ["connect_failed", "unreachable"],
  ["request_timeout", "unreachable"],
  ["request_failed", "reported"],
  ["store_unavailable", "store"],
  ["internal_error", "internal"],
] as const)("%s ends the command with %s", (code, exit) => {
  expect(exitOfError[code]).toBe(exit);
});
