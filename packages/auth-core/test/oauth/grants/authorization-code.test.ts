/** Redeeming a code: RFC 6749 §4.1.3, RFC 7636 §4.5; RES-01, AUT-08. */
import { ClientSecretBasic, None } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { judgeAuthorizationResponse, type PendingAuthorization } from "../../../src/oauth/authorization.ts";
import { createDpop } from "../../../src/oauth/dpop.ts";
import type { OAuthMessageError } from "../../../src/oauth/errors.ts";
import { redeemCode } from "../../../src/oauth/grants/authorization-code.ts";
import type { ClientIdentity } from "../../../src/oauth/registration.ts";
import { answering, decodeJwt } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const server = { issuer: "https://as.example", token_endpoint: "https://as.example/token" };
const pending: PendingAuthorization = {
  state: "state-1",
  verifier: "verifier-0123456789-0123456789-0123456789-01",
  issuer: "https://as.example",
  clientId: "client-1",
  redirectUri: "http://127.0.0.1:8080/callback",
  createdAt: 0,
};
const publicClient: ClientIdentity = {
  source: "registered",
  client: { client_id: "client-1" },
  authentication: None(),
};
const tokens = Response.json({ access_token: "access-1", token_type: "Bearer", refresh_token: "refresh-1" });

/** Judged anew, as it would be after each redirect. */
function parameters(): URLSearchParams {
  return judgeAuthorizationResponse(new URL(`${pending.redirectUri}?code=code-1&state=state-1`), pending, server);
}

function grantOf<Context extends object>(context: Context, identity = publicClient) {
  return { ...context, server, identity, resource: "https://mcp.example/mcp", scope: "read" };
}

describe("a code", () => {
  it("is redeemed with its verifier, redirect URI and resource (AUT-08, RES-01)", async () => {
    const context = grantOf(answering(tokens));
    expect(await redeemCode(context, parameters(), pending)).toMatchObject({
      accessToken: "access-1",
      refreshToken: "refresh-1",
      scope: "read",
    });
    expect(context.sent).toHaveLength(1);
    expect(context.sent[0]).toMatchObject({ url: "https://as.example/token", method: "POST" });
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toEqual({
      grant_type: "authorization_code",
      code: "code-1",
      code_verifier: pending.verifier,
      redirect_uri: pending.redirectUri,
      resource: "https://mcp.example/mcp",
      client_id: "client-1",
    });
  });

  it("is redeemed by the client as it authenticates", async () => {
    const context = grantOf(answering(tokens), { ...publicClient, authentication: ClientSecretBasic("secret-1") });
    await redeemCode(context, parameters(), pending);
    expect(context.sent[0]?.headers.get("authorization")).toBe(`Basic ${btoa("client%2D1:secret%2D1")}`);
    expect(context.sent[0]?.form.has("client_secret")).toBe(false);
  });

  it.each([
    [400, "invalid_grant"],
    [500, undefined],
  ])("is not sent again when the server answers %i: it is good for one request", async (status, oauthError) => {
    const context = grantOf(answering(Response.json({ error: "invalid_grant" }, { status })));
    const error = await failureOf(redeemCode(context, parameters(), pending));
    expect(error).toMatchObject({ code: "token_request_failed", status });
    expect((error as OAuthMessageError).oauthError).toBe(oauthError);
    expect(context.sent).toHaveLength(1);
  });

  it("is sent again to a server that wants its nonce first (RFC 9449 §8)", async () => {
    const nonce = Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": "n-1" } });
    const bound = Response.json({ access_token: "access-1", token_type: "DPoP" });
    const dpop = await createDpop({ now: Date.now });
    const context = { ...grantOf(answering(nonce, bound)), dpop };
    expect(await redeemCode(context, parameters(), pending)).toMatchObject({ tokenType: "dpop" });
    expect(context.sent.map(({ form }) => form.get("code"))).toEqual(["code-1", "code-1"]);
    expect(decodeJwt(context.sent[1]?.headers.get("dpop") ?? "").claims).toMatchObject({ nonce: "n-1" });
  });

  it("and its verifier are in no error, though the server repeats them", async () => {
    const error_description = `The code code-1 does not fit ${pending.verifier}`;
    const context = grantOf(answering(Response.json({ error: "invalid_grant", error_description }, { status: 400 })));
    const error = await failureOf(redeemCode(context, parameters(), pending));
    expect(error.message).not.toContain("code-1");
    expect(error.message).not.toContain(pending.verifier);
  });

  it("cannot be redeemed without having been judged (ISS-02)", async () => {
    const context = grantOf(answering(tokens));
    const unjudged = new URLSearchParams({ code: "code-1", state: "state-1" });
    expect((await failureOf(redeemCode(context, unjudged, pending))).code).toBe("token_request_failed");
    expect(context.sent).toEqual([]);
  });
});
