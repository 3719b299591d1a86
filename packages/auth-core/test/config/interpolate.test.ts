/** Variables in config files (anthropics/claude-code#6204, microsoft/vscode#336232, zed-industries/zed#60459, mastra-ai/mastra#18177). */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written.
import { parseConfig, parseServerConfig } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { interpolate } from "../../src/config/interpolate.ts";
import { configError, http, problemAt, problems, stdio, url, variable } from "./helpers.ts";

const env = {
  A: "a",
  EMPTY: "",
  LONG_NAME_1: "l",
  env: "e",
  DOLLAR: variable("A"),
  HOST: "api.example.com",
  HOME: "/home/ana",
};
const expand = { expand: true, env };

describe("what becomes of a text", () => {
  test.each([
    ["plain", "plain"],
    ["$A {A} $ {A} }", "$A {A} $ {A} }"],
    ["${A}", "a"],
    ["${env:A}", "a"],
    ["x${A}y${LONG_NAME_1}z", "xaylz"],
    ["${A}${A}", "aa"],
    ["${EMPTY}", ""],
    ["${EMPTY:-d}", "d"],
    ["${MISSING:-d}", "d"],
    ["${MISSING:-}", ""],
    ["${env:MISSING:-d:-e}", "d:-e"],
    ["${MISSING:-a b\nc}", "a b\nc"],
    ["${A:-d}", "a"],
    ["${env}", "e"],
    ["${env:-d}", "e"],
    ["${MISSING:-a}b}", "ab}"],
    ["${DOLLAR}", variable("A")],
    ["${MISSING:-$A}", "$A"],
  ])("%j is %j", (text, expanded) => {
    expect(interpolate(text, env, 100)).toEqual({ text: expanded });
  });

  test.each([
    "${",
    "${A",
    "x${}",
    "${ A }",
    "${1A}",
    "${A-d}",
    "${A:=d}",
    "${A:?d}",
    "${A.b}",
    "${${A}}",
    "${MISSING:-${A}}",
    "$${A}",
    "${A}$${A}",
    "${input:token}",
    "${workspaceFolder:x}",
    "${command:x}",
    "${envv:A}",
    "\\${A",
  ])("%j is refused", (text) => {
    expect(interpolate(text, env, 100)).toMatchObject({ code: "config_invalid" });
  });

  test("unset variables are named, each once", () => {
    expect(interpolate("${X}${Y}${X}", {}, 100)).toEqual({
      code: "config_env_missing",
      messages: [expect.stringContaining("variable X is not set"), expect.stringContaining("variable Y is not set")],
    });
  });

  test("what objects have by nature is not a variable", () => {
    expect(interpolate("${constructor}", {}, 100)).toMatchObject({ code: "config_env_missing" });
    expect(interpolate("${__proto__}", {}, 100)).toMatchObject({ code: "config_env_missing" });
  });

  test("what variables add is bounded", () => {
    expect(interpolate("${A}".repeat(101), env, 100)).toMatchObject({ code: "config_invalid" });
  });
});

test("every string is expanded: nested, in maps, in lists, in sources", () => {
  const config = parseConfig(
    {
      mcpServers: {
        h: {
          url: "https://${HOST}/mcp",
          type: "${KIND:-sse}",
          headers: { "X-A": "v-${A}" },
          auth: { client_id: "${A}", idp: undefined },
        },
        s: {
          command: "${HOME}/bin/x",
          args: ["--a=${A}"],
          env: { K: "${A}", S: { command: ["cat", "${HOME}/k"] } },
          cwd: "${HOME}",
        },
        t: { url: "https://${HOST}/mcp", authToken: { file: "${HOME}/token" } },
      },
    },
    expand,
  );
  expect(config.mcpServers).toMatchObject({
    h: { url: "https://api.example.com/mcp", transport: "sse", headers: { "X-A": "v-a" }, auth: { clientId: "a" } },
    s: {
      command: "/home/ana/bin/x",
      args: ["--a=a"],
      env: { K: "a", S: { command: ["cat", "/home/ana/k"] } },
      cwd: "/home/ana",
    },
    t: { auth: { token: { file: "/home/ana/token" } } },
  });
});

test("keys are never expanded", () => {
  expect(stdio({ env: { "${A}": "1" } }, expand).env).toEqual({ "${A}": "1" });
  expect(Object.keys(parseConfig({ mcpServers: { "${A}": { url } } }, expand).mcpServers)).toEqual(["${A}"]);
});

test("objects from code are taken as they are unless asked otherwise", () => {
  expect(http({ authToken: "${A}" }).auth).toEqual({ type: "bearer", token: "${A}" });
  expect(http({ authToken: "${A}" }, { env }).auth).toEqual({ type: "bearer", token: "${A}" });
  expect(http({ authToken: "${A}" }, expand).auth).toEqual({ type: "bearer", token: "a" });
});

test("an unset variable names server, field and variable", () => {
  const error = configError(() =>
    parseConfig({ mcpServers: { api: { url, auth_token: "${API_TOKEN}" } } }, { expand: true }),
  );
  expect(error.problems).toEqual([
    { code: "config_env_missing", path: "mcpServers.api.auth_token", message: expect.stringContaining("API_TOKEN") },
  ]);
});

test("a value that is not known raises no second complaint, and no conflict", () => {
  expect(problems(() => http({ url: "${X}" }, expand))).toEqual(["config_env_missing url"]);
  expect(problems(() => http({ auth: { type: "${X}" } }, expand))).toEqual(["config_env_missing auth.type"]);
  expect(problems(() => http({ authToken: "${X}", headers: { Authorization: "Bearer t" } }, expand))).toEqual([
    "config_env_missing authToken",
  ]);
  expect(problems(() => http({ authToken: "a", auth: "b", headers: { "X-A": "${X}" } }, expand))).toEqual([
    "config_env_missing headers.X-A",
    "config_conflict authToken",
  ]);
});

test("an empty variable is caught where an empty text makes no sense", () => {
  expect(problems(() => http({ authToken: "${EMPTY}" }, expand))).toEqual(["config_invalid authToken"]);
  expect(problems(() => http({ headers: { Authorization: "Bearer ${EMPTY}" } }, expand))).toEqual([
    "config_invalid headers.Authorization",
  ]);
  expect(stdio({ env: { K: "${EMPTY}" } }, expand).env).toEqual({ K: "" });
});

test("values are compared after expansion", () => {
  expect(http({ authToken: "a", headers: { Authorization: "Bearer ${A}" } }, expand).auth).toEqual({
    type: "bearer",
    token: "a",
  });
});

test("messages do not show what stands in the braces", () => {
  for (const text of [
    "${1:-hunter2}",
    "${A:?hunter2}",
    "${ hunter2 }",
    "$${A:-hunter2}",
    "${A:-${hunter2}}",
    "${input:hunter2}",
    "${hunter2",
  ]) {
    expect(problemAt("authToken", () => http({ authToken: text }, expand)).message).not.toContain("hunter2");
  }
  expect(() => parseServerConfig({ url, authToken: "${X:-hunter2}\n" }, expand)).toThrow(/^(?!.*hunter2)/);
});
