/** Refreshing tokens: RFC 6749 §6; RES-01, REF-05, REF-06, STEP-07. */
import { ClientSecretPost } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { isTransient } from "../../../src/oauth/errors.ts";
import { refreshTokens } from "../../../src/oauth/grants/refresh.ts";
import type { TokenSet } from "../../../src/oauth/tokens/token-set.ts";
import { type Answer, answering } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const old: TokenSet = {
  accessToken: "access-0",
  tokenType: "bearer",
  refreshToken: "refresh-token-0",
  scope: "read write",
  expiresAt: 1,
  issuedAt: 0,
};

function contextOf(answer: Answer) {
  return {
    ...answering(answer),
    server: { issuer: "https://as.example", token_endpoint: "https://as.example/token" },
    identity: {
      source: "pre-registered" as const,
      client: { client_id: "client-1" },
      authentication: ClientSecretPost("secret-1"),
    },
    resource: "https://mcp.example/mcp",
  };
}

describe("a refresh", () => {
  it("sends the refresh token and the resource, and names no scope (RES-01, STEP-07)", async () => {
    const context = contextOf(Response.json({ access_token: "access-1", token_type: "Bearer" }));
    await refreshTokens({ ...context, scope: "read write admin" }, old);
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "refresh-token-0",
      resource: "https://mcp.example/mcp",
      client_id: "client-1",
      client_secret: "secret-1",
    });
  });

  it("keeps the refresh token and the scopes that the server does not change (REF-06)", async () => {
    const context = contextOf(Response.json({ access_token: "access-1", token_type: "Bearer", expires_in: 60 }));
    expect(await refreshTokens(context, old)).toEqual({
      accessToken: "access-1",
      tokenType: "bearer",
      refreshToken: "refresh-token-0",
      scope: "read write",
      expiresAt: context.now() + 60_000,
      issuedAt: context.now(),
    });
  });

  it("takes the refresh token and the scopes that the server changes (REF-05)", async () => {
    const body = { access_token: "access-1", token_type: "Bearer", refresh_token: "refresh-1", scope: "read" };
    expect(await refreshTokens(contextOf(Response.json(body)), old)).toMatchObject({
      refreshToken: "refresh-1",
      scope: "read",
    });
  });

  it("knows no end that the server does not name: the old one is over", async () => {
    const context = contextOf(Response.json({ access_token: "access-1", token_type: "Bearer" }));
    expect(await refreshTokens(context, old)).not.toHaveProperty("expiresAt");
  });

  it.each([
    ["invalid_grant", 400],
    ["invalid_client", 401],
  ])("that is refused says why: %s", async (error, status) => {
    const error_description = "No refresh-token-0 of secret-1 here";
    const context = contextOf(Response.json({ error, error_description }, { status }));
    const failure = await failureOf(refreshTokens(context, old));
    expect(failure).toMatchObject({ code: "refresh_failed", oauthError: error, status });
    expect(isTransient(failure)).toBe(false);
    expect(failure.message).toMatch(/^The refresh of the tokens at https:\/\/as\.example\/token was answered with/);
    expect(failure.message).not.toContain("refresh-token-0");
    expect(failure.message).not.toContain("secret-1");
  });

  it.each([500, 503])(
    "that fails with %i says nothing of the refresh token, whatever the body says",
    async (status) => {
      const failure = await failureOf(
        refreshTokens(contextOf(Response.json({ error: "invalid_grant" }, { status })), old),
      );
      expect(failure).toMatchObject({ code: "refresh_failed", status });
      expect(failure).not.toHaveProperty("oauthError", "invalid_grant");
      expect(isTransient(failure)).toBe(true);
    },
  );

  it("is not sent twice: that would look like a stolen token to a server that rotates them", async () => {
    const context = contextOf(new Response("", { status: 502 }));
    await failureOf(refreshTokens(context, old));
    expect(context.sent).toHaveLength(1);
  });

  it("of a bearer token does not end in a token that is bound to a key", async () => {
    const context = contextOf(Response.json({ access_token: "access-1", token_type: "DPoP" }));
    expect((await failureOf(refreshTokens(context, old))).message).not.toContain("access-1");
  });

  it("without a refresh token is not sent", async () => {
    const { refreshToken: _, ...without } = old;
    const context = contextOf(new Response());
    expect((await failureOf(refreshTokens(context, without))).code).toBe("refresh_failed");
    expect(context.sent).toEqual([]);
  });
});
