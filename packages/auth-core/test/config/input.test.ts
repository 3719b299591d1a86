/** Hostile configurations: too large, too deep, with names that mean something to the language. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written.
import { ConfigError, parseConfig, parseConfigText, parseServerConfig } from "@sallyport/auth-core";
import { describe, expect, test, vi } from "vitest";
import { configError, http, problems, stdio, url } from "./helpers.ts";

// Megabytes are read here, on machines that do other things too.
vi.setConfig({ testTimeout: 60_000 });

const nested = (depth: number): unknown => {
  let value: unknown = "x";
  for (let level = 0; level < depth; level += 1) value = { a: value };
  return value;
};

describe("bounds", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;

  test.each<[string, string, () => unknown]>([
    ["text of 10 MB", "is larger than", () => parseConfigText(`{"a":"${"x".repeat(10_000_000)}"}`)],
    ["string of 10 MB", "is larger than", () => http({ authToken: "x".repeat(10_000_000) })],
    ["key of 10 MB", "is larger than", () => http({ ["x".repeat(10_000_000)]: 1 })],
    ["text of 10,000 levels", "levels deep", () => parseConfigText("[".repeat(10_000) + "]".repeat(10_000))],
    ["text of 500,000 open brackets", "levels deep", () => parseConfigText('{"a":'.repeat(100_000))],
    ["object of 10,000 levels", "levels deep", () => parseConfig(nested(10_000))],
    ["auth of 10,000 levels", "levels deep", () => http({ auth: nested(10_000) })],
    ["cycle", "levels deep", () => parseConfig(cycle)],
    ["list of 100,000", "values", () => stdio({ args: Array.from({ length: 100_000 }, () => "") })],
    ["sparse list", "values", () => stdio({ args: new Array(4_000_000_000) })],
    [
      "variables that grow to gigabytes",
      "expands to more",
      () => http({ authToken: "${A}".repeat(200_000) }, { expand: true, env: { A: "x".repeat(100_000) } }),
    ],
    [
      "many variables that grow together",
      "is larger than",
      () =>
        stdio({ args: Array.from({ length: 100 }, () => "${A}") }, { expand: true, env: { A: "x".repeat(100_000) } }),
    ],
  ])("%s", (_, reason, run) => {
    const error = configError(run);
    expect(error.code).toBe("config_invalid");
    expect(error.message).toContain(reason);
    expect(error.message.length).toBeLessThan(1_000);
  });

  test.each<[string, () => unknown]>([
    ["unknown keys", () => http(Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`key${index}`, 1])))],
    [
      "wrong servers",
      () =>
        parseConfig({
          mcpServers: Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`s${index}`, index])),
        }),
    ],
    [
      "unset variables",
      () => stdio({ args: Array.from({ length: 40_000 }, (_, index) => `\${V${index}}`) }, { expand: true }),
    ],
    ["keys written twice", () => parseConfigText(`{${'"a":1,\n'.repeat(100_000)}}`)],
    ["unclosed variables", () => http({ authToken: "${".repeat(500_000) }, { expand: true })],
    [
      "conflicting headers",
      () => {
        const names = Array.from({ length: 15 }, (_, bit) => bit);
        const spelled = (index: number) => names.map((bit) => (index & (1 << bit) ? "A" : "a")).join("");
        return http({
          headers: Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [spelled(index), `${index}`])),
        });
      },
    ],
    ["comments", () => parseConfigText("/**/ //\n".repeat(100_000))],
  ])("tens of thousands of %s: an error of readable length", (_, run) => {
    expect(configError(run).message.length).toBeLessThan(100_000);
  });
});

describe("names that mean something to the language", () => {
  const names = ["constructor", "toString", "hasOwnProperty", "prototype", "then", "__defineGetter__"];

  test.each(names)("a server may be called %s", (name) => {
    const text = `{"mcpServers":{${JSON.stringify(name)}:{"url":"${url}"}}}`;
    for (const config of [parseConfigText(text), parseConfig(JSON.parse(text))]) {
      expect(Object.keys(config.mcpServers)).toEqual([name]);
      expect(config.mcpServers[name]).toMatchObject({ kind: "http" });
    }
  });

  test("a server that is not configured is undefined, whatever its name", () => {
    const { mcpServers } = parseConfig({ mcpServers: {} });
    for (const name of [...names, "__proto__"]) expect(mcpServers[name]).toBeUndefined();
    const { env } = stdio({});
    const { headers } = http({});
    expect([env["constructor"], headers["constructor"]]).toEqual([undefined, undefined]);
  });

  test.each([
    ["mcpServers.__proto__", '{"mcpServers":{"__proto__":{"url":"https://a.example"}}}'],
    ["mcpServers.a.__proto__", `{"mcpServers":{"a":{"url":"${url}","__proto__":{"auth":null}}}}`],
    ["mcpServers.a.headers.__proto__", `{"mcpServers":{"a":{"url":"${url}","headers":{"__proto__":"x"}}}}`],
    ["mcpServers.a.auth.__proto__", `{"mcpServers":{"a":{"url":"${url}","auth":{"__proto__":{"type":"none"}}}}}`],
  ])("__proto__ is no name: %s", (path, text) => {
    expect(problems(() => parseConfigText(text))).toEqual([`config_invalid ${path}`]);
    expect(problems(() => parseConfig(JSON.parse(text)))).toEqual([`config_invalid ${path}`]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect("auth" in {}).toBe(false);
  });

  test.each([
    ["", 'mcpServers[""]'],
    [" ", 'mcpServers[" "]'],
    ["a\0b", 'mcpServers["a\\u0000b"]'],
    ["a\nmcpServers.b: fine", 'mcpServers["a\\nmcpServers.b:…"]'],
    ["\u001b[2J", 'mcpServers["\\u001b[2J"]'],
    ["\u009b2J", 'mcpServers["\\u009b2J"]'],
  ])("a server cannot be called %j, and the message shows no control character", (name, path) => {
    const error = configError(() => parseConfig({ mcpServers: { [name]: { url } } }));
    expect(error.problems.map((problem) => problem.path)).toEqual([path]);
    expect(error.message).toMatch(/^[^\p{Cc}]*$/u);
  });

  test("names with spaces, slashes and dots are names", () => {
    const names = ["my server", "github.com/org/repo", "@scope/name", "日本"];
    const config = parseConfig({ mcpServers: Object.fromEntries(names.map((name) => [name, { url }])) });
    expect(Object.keys(config.mcpServers)).toEqual(names);
  });

  test("a path points at them in quotes, shortened", () => {
    const error = configError(() => parseConfig({ mcpServers: { [`${"long ".repeat(50)}`]: {} } }));
    expect(error.problems[0].path).toMatch(/^mcpServers\["long .{70,90}…"\]$/);
  });
});

test("instances have no place but auth, and are not read for keys", () => {
  class Server {
    readonly url = url;
  }
  expect(problems(() => parseServerConfig(new Server()))).toEqual(["config_invalid "]);
  expect(problems(() => http({ headers: new Headers({ a: "b" }) }))).toEqual(["config_invalid headers"]);
  expect(problems(() => http({ headers: new Map([["a", "b"]]) }))).toEqual(["config_invalid headers"]);
  expect(problems(() => http({ authToken: new String("t") }))).toEqual(["config_invalid authToken"]);
});

test("objects of other realms and without prototype are data", () => {
  const bare: object = Object.assign(Object.create(null), { url, headers: Object.create(null) });
  expect(parseServerConfig(bare)).toMatchObject({ kind: "http" });
});

test("a getter is read once: what was judged is what is used", () => {
  let reads = 0;
  const shifty = {
    url,
    get authToken() {
      reads += 1;
      return reads === 1 ? "sk-1" : "Bearer\nsk-2";
    },
  };
  expect(parseServerConfig(shifty)).toMatchObject({ auth: { token: "sk-1" } });
  expect(reads).toBe(1);
});

test("every failure is a ConfigError", () => {
  expect(() => parseConfig(Symbol("x"))).toThrow(ConfigError);
  expect(() => parseConfig(1n)).toThrow(ConfigError);
  expect(() => parseConfig(() => undefined)).toThrow(ConfigError);
});
