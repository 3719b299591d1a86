/** JSON with comments and trailing commas, measured against the runtime's own parser. */
import { ConfigError, parseConfigText } from "@sallyport/auth-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJsonText } from "../../src/config/json-text.ts";
import { configError, url } from "./helpers.ts";

describe("broken text gives line and column", () => {
  test.each([
    ["", "is empty"],
    [" \n\t", "is empty"],
    ["// nothing", "is empty"],
    ["{", "line 1, column 2: the { of line 1, column 1 is not closed"],
    ['{\n  "mcpServers": {\n', "line 3, column 1: the { of line 2, column 17 is not closed"],
    ['{"a": [1, 2', "line 1, column 12: the [ of line 1, column 7 is not closed"],
    ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: expected a comma or }"],
    ['{\r\n  "a": 1\r\n  "b": 2\r\n}', "line 3, column 3: expected a comma or }"],
    ['{\r  "a": 1\r  "b": 2\r}', "line 3, column 3: expected a comma or }"],
    ['\uFEFF{ "a" 1 }', "line 1, column 7: expected a colon"],
    ["{ a: 1 }", "line 1, column 3: expected a key in double quotes"],
    ["{ 'a': 1 }", "line 1, column 3: expected a key in double quotes"],
    ["{,}", "line 1, column 2: expected a key"],
    ['{"a":1,,}', "line 1, column 8: expected a key"],
    ["[,]", "line 1, column 2: expected a value"],
    ["[1,,2]", "line 1, column 4: expected a value"],
    ['{"a":}', "line 1, column 6: expected a value"],
    ['{"a":hunter2}', "line 1, column 6: expected a value"],
    ['{"a":"hunter2\n"}', "line 1, column 14: the text that begins in line 1, column 6 has no closing quote"],
    ['{"a":"hunter2', "has no closing quote"],
    ['{"a":"\\hunter2"}', "line 1, column 8: expected one of"],
    ['{"a":"\\u12"}', "expected one of"],
    ['{"a":"hunter2\\', "expected one of"],
    ['{"a":1}}', "line 1, column 8: expected nothing after the end"],
    ['{"a":1} hunter2', "line 1, column 9: expected nothing after the end"],
    ['{"a":1}/* hunter2', "line 1, column 8: the comment that begins here is not closed"],
    ['{"a":[1}', "line 1, column 8: expected a comma or ]"],
    ['{"a":1]', "line 1, column 7: expected a comma or }"],
    ["[01]", "expected a value"],
    ["[.5]", "expected a value"],
    ["[+1]", "expected a value"],
    ["[NaN]", "expected a value"],
    ["[TRUE]", "expected a value"],
    ["[1.]", "expected a value"],
    ['["\u0001"]', "control character"],
    ["\u00a0{}", "line 1, column 1: expected a value"],
  ])("%j: %s", (text, message) => {
    const error = configError(() => parseConfigText(text));
    expect(error.code).toBe("config_invalid");
    expect(error.problems).toHaveLength(1);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("hunter2");
    expect(error.cause).toBeUndefined();
  });
});

test.each([
  ['// first\n{ /* in */ "a" /**/ : // then\r\n 1 /***/ , }// last', { a: 1 }],
  ['["//", "/*", "\\"//"]', ["//", "/*", '"//']],
  ["[1,\n]", [1]],
  ["\uFEFF[]", []],
  ["[1, -0.5e+3, true, null]", [1, -500, true, null]],
  ['["\\u00e9\\n\\/\\ud83d\\ude00"]', ["é\n/😀"]],
])("%j is %j", (text, value) => {
  expect(readJsonText(text)).toEqual({ value, problems: [] });
});

test("a key written twice is a problem: which is meant cannot be known", () => {
  const text = `{ "mcpServers": { "a": { "url": "${url}", "authToken": "hunter2",\n "authToken": "hunter3" } } }`;
  const error = configError(() => parseConfigText(text));
  expect(error.problems).toEqual([
    {
      code: "config_invalid",
      path: "mcpServers.a.authToken",
      message: "is written twice in one object (again in line 2, column 2); keep one of them",
    },
  ]);
  expect(configError(() => parseConfigText('{"mcpServers":{},"\\u006dcpServers":{}}')).message).toContain(
    "written twice",
  );
});

test("all JSON is read as the runtime reads it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const { value, problems } = readJsonText(text);
      // Objects come without prototype, and `__proto__` is a key.
      if (problems.length === 0) expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 500 },
  );
});

test("what the runtime refuses is refused, but for comments and trailing commas", () => {
  const characters = fc.constantFrom(
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\",
    "\n",
    "\0",
    "e",
    "-",
    "0",
    ".",
    "u",
    "t",
    " ",
    "\u2028",
  );
  const damaged = fc
    .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.nat({ max: 2 }), characters)
    .map(([text, place, removed, added]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + added + text.slice(at + removed);
    });
  const verdict = (read: () => unknown) => {
    try {
      read();
      return "accepted";
    } catch (error) {
      return error instanceof SyntaxError || error instanceof ConfigError ? "refused" : error;
    }
  };
  fc.assert(
    fc.property(damaged, (text) => {
      fc.pre(!/,\s*[}\]]|\/[/*]/.test(text));
      expect(verdict(() => readJsonText(text))).toBe(verdict(() => JSON.parse(text)));
    }),
    { numRuns: 2000 },
  );
});
