/** How often more scopes are asked for: STEP-05, STEP-06, modelcontextprotocol/typescript-sdk#1582. */
import { manualClock } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { ScopeAttempts } from "../../../src/oauth/tokens/scope-attempts.ts";

const tenMinutes = 600_000;

describe("ScopeAttempts", () => {
  it("allows two step-ups per operation, which the conformance suite passes (auth/scope-retry-limit)", () => {
    const attempts = new ScopeAttempts(manualClock().now);
    expect([1, 2, 3, 4].map(() => attempts.allow("tools/call add", ["write"]))).toEqual([true, true, false, false]);
    expect(attempts.allow("tools/call other", ["write"])).toBe(true);
  });

  it("counts whatever the scopes are, and where the challenge names none", () => {
    const attempts = new ScopeAttempts(manualClock().now);
    expect([["a"], ["b"], ["c"]].map((wanted) => attempts.allow("add", wanted))).toEqual([true, true, false]);
    expect([[], [], []].map((wanted) => attempts.allow("list", wanted))).toEqual([true, true, false]);
  });

  it("allows them again after ten minutes", () => {
    const clock = manualClock();
    const attempts = new ScopeAttempts(clock.now);
    attempts.allow("add", ["a"]);
    attempts.allow("add", ["a"]);
    clock.advance(tenMinutes - 1);
    expect(attempts.allow("add", ["a"])).toBe(false);
    clock.advance(1);
    expect(attempts.allow("add", ["a"])).toBe(true);
  });

  it("does not ask again for what was refused, for any operation, for ten minutes (STEP-06)", () => {
    const clock = manualClock();
    const attempts = new ScopeAttempts(clock.now);
    attempts.learn(["read", "admin"], new Set(["read"]));
    expect(attempts.allow("add", ["admin", "read"])).toBe(false);
    expect(attempts.allow("list", ["admin"])).toBe(false);
    expect(attempts.allow("list", ["read"])).toBe(true);
    clock.advance(tenMinutes);
    expect(attempts.allow("add", ["admin"])).toBe(true);
  });

  it("forgets a refusal when the scope was granted after all", () => {
    const attempts = new ScopeAttempts(manualClock().now);
    attempts.learn(["admin"], new Set());
    attempts.learn(["admin"], new Set(["admin"]));
    expect(attempts.allow("add", ["admin"])).toBe(true);
  });

  it("does not count an attempt that was not allowed", () => {
    const attempts = new ScopeAttempts(manualClock().now);
    attempts.learn(["admin"], new Set());
    for (let index = 0; index < 5; index += 1) attempts.allow("add", ["admin"]);
    expect(attempts.allow("add", ["write"])).toBe(true);
  });

  it("forgets the oldest refusal rather than keep what a server makes up", () => {
    const attempts = new ScopeAttempts(manualClock().now);
    attempts.learn(["first"], new Set());
    attempts.learn(
      Array.from({ length: 100 }, (_, index) => `made-up-${index}`),
      new Set(),
    );
    expect(attempts.allow("add", ["first"])).toBe(true);
    expect(attempts.allow("add", ["made-up-99"])).toBe(false);
  });
});
