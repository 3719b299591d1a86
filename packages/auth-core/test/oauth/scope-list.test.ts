/** Lists of scopes: RFC 6749 §3.3. */
import { describe, expect, it } from "vitest";
import { scopeList, scopesOf } from "../../src/oauth/scope-list.ts";

describe("scopesOf", () => {
  it("takes a list apart at its spaces, however many", () => {
    expect(scopesOf(" a  b ")).toEqual(["a", "b"]);
    expect(scopesOf("")).toEqual([]);
    expect(scopesOf(undefined)).toEqual([]);
  });
});

describe("scopeList", () => {
  it("has each scope once, in the order in which they came", () => {
    expect(scopeList("b a", undefined, "a c")).toBe("b a c");
  });

  it("leaves out what is no scope", () => {
    expect(scopeList('a "b" c\\d e\u00e9 f')).toBe("a f");
  });

  it("is no list when there is no scope", () => {
    expect(scopeList()).toBeUndefined();
    expect(scopeList("", " ", undefined, "\u00e9")).toBeUndefined();
  });

  it("ends before it is too long to be sent", () => {
    const list = scopeList(...Array.from({ length: 2000 }, (_, index) => `scope-${index}`)) ?? "";
    expect(list.length).toBeLessThanOrEqual(6000);
    expect(list.startsWith("scope-0 scope-1 ")).toBe(true);
  });
});
