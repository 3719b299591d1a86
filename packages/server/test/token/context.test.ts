/**
 * Asking for the caller inside and outside of a request.
 */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  AccessToken,
  AuthenticationError,
  authInfo,
  getAccessToken,
  InsufficientScopeError,
  requireAuth,
  requireScopes,
  runWithAccessToken,
} from "../../src/index.ts";

const ada = new AccessToken({ token: "t-ada", claims: { sub: "ada" }, scopes: ["read"] });
const bob = new AccessToken({ token: "t-bob", claims: { sub: "bob" }, scopes: ["read", "write"] });

describe("outside of a request", () => {
  it("there is nobody", () => {
    expect(getAccessToken()).toBeUndefined();
    expect(requireAuth).toThrow(AuthenticationError);
    expect(() => requireScopes("read")).toThrow(AuthenticationError);
    expect(() => requireScopes()).toThrow(
      expect.objectContaining({ code: "unauthorized", name: "AuthenticationError" }),
    );
  });
});

describe("inside", () => {
  it("there is the caller, also in callers within callers", async () => {
    await runWithAccessToken(ada, async () => {
      expect(requireAuth()).toBe(ada);
      await Promise.all([
        pause(1).then(() => expect(getAccessToken()).toBe(ada)),
        runWithAccessToken(bob, async () => {
          await pause(1);
          expect(getAccessToken()).toBe(bob);
        }),
      ]);
      expect(runWithAccessToken(undefined, getAccessToken)).toBeUndefined();
      expect(getAccessToken()).toBe(ada);
    });
    expect(getAccessToken()).toBeUndefined();
  });

  it("scopes are required all at once, and named all at once (CHL-12)", () => {
    expect(runWithAccessToken(bob, () => requireScopes("read", "write"))).toBe(bob);
    let failure: unknown;
    try {
      runWithAccessToken(ada, () => requireScopes("read", "write", "admin"));
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(InsufficientScopeError);
    expect(failure).toMatchObject({ code: "insufficient_scope", scopes: ["read", "write", "admin"] });
    expect(String(failure)).toContain("read write admin");
    expect(String(failure)).not.toContain("t-ada");
  });
});

describe("authInfo", () => {
  it("is what both SDK lines expect", () => {
    const token = new AccessToken({
      token: "t",
      claims: { sub: "ada", client_id: "app" },
      scopes: ["read"],
      expiresAt: 2e9,
    });
    const info: import("@modelcontextprotocol/sdk/server/auth/types.js").AuthInfo = authInfo(token);
    expect(info).toEqual({
      token: "t",
      clientId: "app",
      scopes: ["read"],
      expiresAt: 2e9,
      extra: { claims: { sub: "ada", client_id: "app" }, subject: "ada" },
    });
  });

  it.each([
    [{ client_id: "app", azp: "other", sub: "ada" }, "app"],
    [{ azp: "app", sub: "ada" }, "app"],
    [{ client_id: 1, sub: "ada" }, "ada"],
    [{}, ""],
  ])("finds the client in %j", (claims, clientId) => {
    expect(authInfo(new AccessToken({ token: "t", claims })).clientId).toBe(clientId);
  });
});
