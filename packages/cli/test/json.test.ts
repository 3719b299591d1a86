import { expect, test } from "vitest";
import { parseJson } from "../src/json.ts";

test("a text that is not JSON is not quoted", () => {
  const text = '{\n  "authToken": "MARKED-SECRET" x }';
  const parsed = parseJson(text);
  expect(parsed).toEqual({ problem: expect.stringMatching(/^it is not valid JSON/) });
  expect(JSON.stringify(parsed)).not.toContain("MARKED");
});

test("the place is given where the engine tells it", () => {
  expect(parseJson('{\n "a" 1 }')).toEqual({ problem: "it is not valid JSON (at line 2, column 6)" });
});
