/** Which scopes are asked for: SCP, STEP, REF-03, CHL-06, CHL-07. */
import { describe, expect, it } from "vitest";
import { initialScope, type ScopeSources, type StepUpSources, stepUpScope } from "../../src/oauth/scopes.ts";

const server = { issuer: "https://as.example" };
const none: ScopeSources = {
  configured: undefined,
  challenge: undefined,
  granted: undefined,
  discovery: { server },
  offline: false,
};
const unknown: StepUpSources = { ...none, requested: undefined };
const resource = { server, scopesSupported: ["read", "write"] };
const withOffline = { ...server, scopes_supported: ["read", "offline_access"] };

describe("a sign-in asks for", () => {
  it.each<[string, Partial<ScopeSources>, string | undefined]>([
    ["nothing when nobody names a scope (SCP-02)", {}, undefined],
    [
      "what the challenge says before all that the resource names (SCP-02)",
      { challenge: "a b", discovery: resource },
      "a b",
    ],
    [
      "scopes of the challenge that the resource does not name (CHL-06)",
      { challenge: "other", discovery: resource },
      "other",
    ],
    ["all that the resource names without a challenge (SCP-02)", { discovery: resource }, "read write"],
    ["what the resource names when the challenge names none", { challenge: "", discovery: resource }, "read write"],
    [
      "what is configured instead of what the resource names (SCP-01)",
      { configured: "mine", discovery: resource },
      "mine",
    ],
    ["what is configured and what the operation needs (CHL-07)", { configured: "mine", challenge: "a" }, "mine a"],
    ["what was granted before, too (SCP-03)", { challenge: "a", granted: "b a" }, "a b"],
    ["what was granted and what the resource names now", { granted: "old", discovery: resource }, "read write old"],
    ["each scope once, in the order they are named", { challenge: "b a b  a" }, "b a"],
    ["no scopes of an empty list", { discovery: { server, scopesSupported: [] } }, undefined],
  ])("%s", (_name, sources, scope) => {
    expect(initialScope({ ...none, ...sources })).toBe(scope);
  });
});

describe("offline_access (REF-03)", () => {
  const discovery = { server: withOffline };

  it("is added where the authorization server has it", () => {
    expect(initialScope({ ...none, challenge: "read", discovery, offline: true })).toBe("read offline_access");
    expect(stepUpScope({ ...unknown, challenge: "read", discovery, offline: true })).toBe("read offline_access");
  });

  it("is not added where the authorization server does not name it", () => {
    expect(initialScope({ ...none, challenge: "read", offline: true })).toBe("read");
    const silent = { server: { ...server, scopes_supported: ["read"] } };
    expect(initialScope({ ...none, challenge: "read", discovery: silent, offline: true })).toBe("read");
  });

  it("is not added where nobody is asked", () => {
    expect(initialScope({ ...none, challenge: "read", discovery })).toBe("read");
  });

  it("is never asked for alone, which would be less than what no scope parameter gives", () => {
    expect(initialScope({ ...none, discovery, offline: true })).toBeUndefined();
  });

  it("is named once", () => {
    const configured = "offline_access read";
    expect(initialScope({ ...none, configured, discovery, offline: true })).toBe("offline_access read");
  });
});

describe("a step-up asks for", () => {
  it.each<[string, Partial<StepUpSources>, string | undefined]>([
    ["what is needed and what was granted (STEP-03, SCP-03)", { challenge: "write", granted: "read" }, "write read"],
    ["what was asked for where nobody knows what was granted", { challenge: "write", requested: "read" }, "write read"],
    ["what is configured before the first sign-in", { challenge: "write", configured: "read" }, "write read"],
    [
      "not again for what was refused (T-06, STEP-06)",
      { challenge: "admin", requested: "read write", granted: "read" },
      "admin read",
    ],
    [
      "again for what was refused and is needed now",
      { challenge: "write", requested: "read write", granted: "read" },
      "write read",
    ],
    [
      "what the resource names when the challenge names nothing",
      { granted: "read", discovery: resource },
      "read write",
    ],
    ["nothing when nobody names anything", {}, undefined],
  ])("%s", (_name, sources, scope) => {
    expect(stepUpScope({ ...unknown, ...sources })).toBe(scope);
  });
});

describe("foreign lists", () => {
  it("give nothing that is no scope (RFC 6749 §3.3)", () => {
    const challenge = 'read "quoted" back\\slash tab\there n\u00e9 \u202e line\nbreak write';
    expect(initialScope({ ...none, challenge })).toBe("read write");
    const scopesSupported = ["read write", "", "  ", "all\u0000", "admin"];
    expect(initialScope({ ...none, discovery: { server, scopesSupported } })).toBe("read write admin");
  });

  it("make no URL that no server takes", () => {
    const scopesSupported = Array.from({ length: 100_000 }, (_, index) => `scope:${index}`);
    const scope = initialScope({ ...none, discovery: { server, scopesSupported } }) ?? "";
    expect(scope).toMatch(/^scope:0 scope:1 scope:2 /);
    expect(scope.length).toBeGreaterThan(5000);
    expect(scope.length).toBeLessThanOrEqual(6000);
  });

  it("never push out what the operation needs", () => {
    const granted = Array.from({ length: 2000 }, (_, index) => `scope:${index}`).join(" ");
    expect(stepUpScope({ ...unknown, challenge: "needed", granted })?.split(" ")).toContain("needed");
  });

  it("leave out a scope that is too long, and nothing else", () => {
    expect(initialScope({ ...none, challenge: `a ${"x".repeat(10_000)} b` })).toBe("a b");
  });
});
