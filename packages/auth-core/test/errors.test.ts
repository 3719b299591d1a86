/** The error type of every package: codes, brand, and what its forms show. */
import { inspect } from "node:util";
import {
  ConfigError,
  type ConfigProblem,
  type ErrorCode,
  isSallyportError,
  isSecurityRefusal,
  SallyportError,
} from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { quoteForeign } from "../src/errors.ts";

// Pinned: `satisfies` fails to compile when a code is renamed, removed or added without being listed here.
const codes = {
  config_invalid: true,
  config_conflict: true,
  config_env_missing: true,
  config_file_unreadable: true,
  credential_source_failed: true,
  auth_unsupported: true,
  server_unknown: true,
  authorization_required: true,
  authorization_denied: true,
  authorization_timeout: true,
  popup_blocked: true,
  discovery_failed: true,
  resource_mismatch: true,
  issuer_mismatch: true,
  state_mismatch: true,
  pkce_unsupported: true,
  registration_failed: true,
  registration_unsupported: true,
  token_request_failed: true,
  refresh_failed: true,
  insufficient_scope: true,
  unauthorized: true,
  temporarily_unavailable: true,
  insecure_url: true,
  redirect_refused: true,
  port_unavailable: true,
  store_unavailable: true,
  connect_failed: true,
  request_failed: true,
  request_timeout: true,
  session_closed: true,
} satisfies Record<ErrorCode, true>;

const all = Object.keys(codes) as ErrorCode[];

describe("SallyportError", () => {
  test.each(all)("%s is carried as it is", (code) => {
    const cause = new Error("because");
    const error = new SallyportError(code, "what, where, what to do", { cause });
    expect(error).toMatchObject({ code, message: "what, where, what to do", name: "SallyportError" });
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
    expect(isSallyportError(error)).toBe(true);
  });

  test("its JSON has neither stack nor cause", () => {
    const error = new SallyportError("unauthorized", "refused", { cause: new Error("hunter2") });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "SallyportError",
      code: "unauthorized",
      message: "refused",
    });
  });

  test("refusals that protect the caller are told apart", () => {
    const refusals = all.filter((code) => isSecurityRefusal(new SallyportError(code, "")));
    expect(refusals).toEqual([
      "resource_mismatch",
      "issuer_mismatch",
      "state_mismatch",
      "insecure_url",
      "redirect_refused",
    ]);
    expect(isSecurityRefusal(Object.assign(new Error(""), { code: "issuer_mismatch" }))).toBe(false);
  });

  test("another copy of the package is recognised, a look-alike is not", () => {
    const copy = Object.defineProperty(new Error("x"), Symbol.for("sallyport.error"), { value: true });
    expect(isSallyportError(copy)).toBe(true);
    for (const other of [new Error("x"), { code: "unauthorized" }, null, undefined, "unauthorized", 1]) {
      expect(isSallyportError(other)).toBe(false);
    }
  });

  test("the brand is not shown", () => {
    expect(Object.keys(new SallyportError("unauthorized", "x"))).toEqual(["code"]);
    expect(inspect(new SallyportError("unauthorized", "x"))).not.toContain("sallyport.error");
  });
});

describe("ConfigError", () => {
  const problem = (path: string): ConfigProblem => ({ code: "config_conflict", path, message: "is wrong" });

  test("lists every problem, and has the code of the first", () => {
    const error = new ConfigError([problem("a"), { code: "config_invalid", path: "", message: "All of it." }]);
    expect(error.message).toBe("a: is wrong\nAll of it.");
    expect(error).toMatchObject({ name: "ConfigError", code: "config_conflict" });
    expect(error.problems).toHaveLength(2);
    expect(Object.isFrozen(error.problems)).toBe(true);
    expect(isSallyportError(error)).toBe(true);
  });

  test("names the source in every line", () => {
    expect(new ConfigError([problem("a"), problem("")], { source: "mcp.json" }).message).toBe(
      "mcp.json: a: is wrong\nmcp.json: is wrong",
    );
  });

  test("keeps its message readable, and all problems", () => {
    const error = new ConfigError([problem("a"), ...Array.from({ length: 999 }, () => problem("b"))]);
    expect(error.message.split("\n")).toHaveLength(51);
    expect(error.message).toMatch(/… and 950 more problems$/);
    expect(error.problems).toHaveLength(1000);
  });

  test("keeps a cause, and has none when there is none", () => {
    const cause = new Error("because");
    expect(new ConfigError([problem("a")], { cause }).cause).toBe(cause);
    expect("cause" in new ConfigError([problem("a")])).toBe(false);
  });
});

describe("quoteForeign", () => {
  test.each([
    ["plain", '"plain"'],
    ['"quoted"', '"\\"quoted\\""'],
    ["two\nlines\r", '"two\\nlines\\r"'],
    ["\u001b[31m", '"\\u001b[31m"'],
    ["\u009b31m\u007f", '"\\u009b31m\\u007f"'],
    ["\u2028\u2029", '"\\u2028\\u2029"'],
    ["user\u202egnp.exe", '"user\\u202egnp.exe"'],
    ["\u200b\ufeff\u2066", '"\\u200b\\ufeff\\u2066"'],
    ["日本 é 😀", '"日本 é 😀"'],
    ["\ud800", '"\\ud800"'],
  ])("%j is %s", (text, quoted) => expect(quoteForeign(text)).toBe(quoted));

  test("is bounded", () => {
    expect(quoteForeign("x".repeat(1_000_000))).toBe(`"${"x".repeat(200)}…"`);
    expect(quoteForeign("abcdef", 3)).toBe('"abc…"');
    expect(quoteForeign("abc", 3)).toBe('"abc"');
  });
});
