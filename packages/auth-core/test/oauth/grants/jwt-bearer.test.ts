/** Tokens for a workload's assertion: RFC 7523 §2.1, WIF-01, WIF-02. */
import { describe, expect, it } from "vitest";
import { jwtBearer } from "../../../src/oauth/grants/jwt-bearer.ts";
import { type Answer, answering } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const assertion = "header.claims-of-the-workload.signature";

function contextOf(answer: Answer) {
  return {
    ...answering(answer),
    server: { issuer: "https://as.example", token_endpoint: "https://as.example/token" },
    resource: "https://mcp.example/mcp",
  };
}

describe("an assertion", () => {
  it("is sent with the resource, and nothing about a client (WIF-01)", async () => {
    const context = contextOf(Response.json({ access_token: "access-1", token_type: "Bearer" }));
    expect(await jwtBearer({ ...context, scope: "read" }, assertion)).toMatchObject({ accessToken: "access-1" });
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
      resource: "https://mcp.example/mcp",
      scope: "read",
    });
    expect(context.sent[0]?.headers.has("authorization")).toBe(false);
  });

  it.each([
    ["invalid_grant", 400],
    ["unauthorized_client", 400],
    ["invalid_scope", 400],
    ["invalid_client", 401],
  ])("is sent once, and no other grant instead of it: %s (WIF-02)", async (error, status) => {
    const context = contextOf(Response.json({ error, error_description: `No: ${assertion}` }, { status }));
    const failure = await failureOf(jwtBearer(context, assertion));
    expect(failure).toMatchObject({ code: "token_request_failed", oauthError: error, status });
    expect(failure.message).not.toContain(assertion);
    expect(context.sent).toHaveLength(1);
  });

  it("is sent once to a server that cannot answer, too (WIF-02)", async () => {
    const context = contextOf(new Response("", { status: 503 }));
    expect(await failureOf(jwtBearer(context, assertion))).toMatchObject({ code: "token_request_failed", status: 503 });
    expect(context.sent).toHaveLength(1);
  });
});
