/** JSON that somebody else wrote. */
import { describe, expect, it } from "vitest";
import { isObject, parseObject } from "../src/json.ts";

describe("isObject", () => {
  it("takes an object, with members or without", () => {
    expect(isObject({})).toBe(true);
    expect(isObject({ a: 1 })).toBe(true);
  });

  it.each([[[]], [null], [undefined], ["{}"], [1]])("takes nothing else, such as %j", (value) => {
    expect(isObject(value)).toBe(false);
  });
});

describe("parseObject", () => {
  it("gives the object that a text holds", () => {
    expect(parseObject('{"a":{"b":1}}')).toEqual({ a: { b: 1 } });
  });

  it.each(["", "[]", "null", "1", '"text"', '{"a":1', "a secret"])(
    "gives nothing for %j, and throws nothing",
    (text) => {
      expect(parseObject(text)).toBeUndefined();
    },
  );
});
