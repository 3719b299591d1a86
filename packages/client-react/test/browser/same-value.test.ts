import { describe, expect, it } from "vitest";
import { follow, sameValue } from "../../src/browser/same-value.ts";

describe("sameValue", () => {
  const equal: [name: string, a: unknown, b: unknown][] = [
    ["texts", "a", "a"],
    ["objects in another order", { a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }],
    ["an option that is undefined and one that is not there", { a: 1, b: undefined }, { a: 1 }],
    ["two functions", { auth: () => 1 }, { auth: () => 2 }],
    ["objects without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["NaN", Number.NaN, Number.NaN],
  ];
  it.each(equal)("%s are the same", (_name, a, b) => {
    expect(sameValue(a, b)).toBe(true);
    expect(sameValue(b, a)).toBe(true);
  });

  class Token {
    readonly text = "same";
  }
  const different: [name: string, a: unknown, b: unknown][] = [
    ["texts", "a", "b"],
    ["a nested text", { auth: { token: "a" } }, { auth: { token: "b" } }],
    ["a key more", { a: 1 }, { a: 1, b: 2 }],
    ["another key", { a: 1 }, { b: 1 }],
    ["a list that is longer", [1], [1, 2]],
    ["a list and an object", [], {}],
    ["null and an object", null, {}],
    ["a text and a function", "a", () => "a"],
    ["instances of a class", new Token(), new Token()],
    ["a key that is inherited", { toString: "a" }, { valueOf: "a" }],
  ];
  it.each(different)("%s differ", (_name, a, b) => {
    expect(sameValue(a, b)).toBe(false);
    expect(sameValue(b, a)).toBe(false);
  });

  it("ends on a value that contains itself", () => {
    const cycle = (): object => {
      const value: Record<string, unknown> = {};
      value["self"] = value;
      return value;
    };
    expect(sameValue(cycle(), cycle())).toBe(false);
  });
});

describe("follow", () => {
  it("calls the function that stands in the same place when it is called", () => {
    let latest = { auth: { token: () => "first" }, headers: [(name: string) => `${name} 1`] };
    const followed = follow(latest, () => latest);
    expect(followed.auth.token()).toBe("first");
    latest = { auth: { token: () => "second" }, headers: [(name: string) => `${name} 2`] };
    expect(followed.auth.token()).toBe("second");
    expect(followed.headers[0]?.("x")).toBe("x 2");
  });

  it("keeps `this` of an object's own method", () => {
    const auth = {
      key: "k",
      sign(): string {
        return this.key;
      },
    };
    expect(follow({ auth }, () => ({ auth })).auth.sign()).toBe("k");
  });

  it("leaves instances of classes as they are", () => {
    const url = new URL("https://example.com");
    expect(follow({ url }, () => ({ url })).url).toBe(url);
  });
});
