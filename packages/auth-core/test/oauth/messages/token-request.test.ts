/** How tokens are asked for: proofs, nonces, and what a refusal is told as. DP-02, D49-13, RFC 9449 §8. */
import { ClientSecretPost, genericTokenEndpointRequest } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { SallyportError } from "../../../src/index.ts";
import { createDpop } from "../../../src/oauth/dpop.ts";
import { OAuthMessageError } from "../../../src/oauth/errors.ts";
import { commonParameters, type GrantContext, requestTokens } from "../../../src/oauth/messages/token-request.ts";
import type { TokenSet } from "../../../src/oauth/tokens/token-set.ts";
import { type Answer, answering, decodeJwt } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const server = { issuer: "https://as.example", token_endpoint: "https://as.example/token?v=secret" };
const client = { client_id: "client-1" };
const authentication = ClientSecretPost("secret-1");
const grant = {
  server,
  identity: { source: "pre-registered" as const, client, authentication },
  resource: "https://mcp.example/mcp",
  scope: "read",
};

function contextOf<Context extends object>(context: Context): Context & typeof grant {
  return { ...context, ...grant };
}

function request(context: GrantContext, code?: "refresh_failed"): Promise<TokenSet> {
  return requestTokens(context, {
    what: "The request",
    ...(code && { code }),
    send: (options) =>
      genericTokenEndpointRequest(server, client, authentication, "g", commonParameters(context), options),
  });
}

const bearer = () => Response.json({ access_token: "access-1", token_type: "Bearer" });
const bound = () => Response.json({ access_token: "access-1", token_type: "DPoP" });
const wantsNonce = (nonce: string): Answer =>
  Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": nonce } });

describe("a request for tokens", () => {
  it("names the resource and the scopes (RES-01)", async () => {
    const context = contextOf(answering(bearer()));
    expect(await request(context)).toMatchObject({ accessToken: "access-1", scope: "read" });
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toMatchObject({
      resource: "https://mcp.example/mcp",
      scope: "read",
    });
    expect(context.sent[0]?.headers.has("dpop")).toBe(false);
  });

  it("counts the lifetime from when it was sent, not from when the answer came", async () => {
    let time = Date.UTC(2026, 0, 1);
    const slow: Answer = () => {
      time += 30_000;
      return Response.json({ access_token: "access-1", token_type: "Bearer", expires_in: 60 });
    };
    const tokens = await request({ ...contextOf(answering(slow)), now: () => time });
    expect(tokens.expiresAt).toBe(Date.UTC(2026, 0, 1) + 60_000);
  });

  it("says who refused and where, without the endpoint's query", async () => {
    const refused = Response.json({ error: "invalid_scope" }, { status: 400 });
    const error = await failureOf(request(contextOf(answering(refused))));
    expect(error).toBeInstanceOf(OAuthMessageError);
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_scope" });
    expect(error.message).toBe(
      'The request at https://as.example/token was answered with 400 and the error "invalid_scope".',
    );
    expect(await failureOf(request(contextOf(answering(refused)), "refresh_failed"))).toMatchObject({
      code: "refresh_failed",
      oauthError: "invalid_scope",
    });
  });

  it("leaves refusals that protect the caller what they are", async () => {
    const refused = new SallyportError("redirect_refused", "Redirected.");
    const context = contextOf({ ...answering(bearer()), fetch: () => Promise.reject(refused) });
    expect(await failureOf(request(context))).toBe(refused);
  });

  it("fails where the server has no token endpoint", async () => {
    const nowhere = { issuer: "https://as.example" };
    const context = { ...contextOf(answering(bearer())), server: nowhere };
    const run = requestTokens(context, {
      what: "The request",
      send: (options) => genericTokenEndpointRequest(nowhere, client, authentication, "g", {}, options),
    });
    const error = await failureOf(run);
    expect(error).toMatchObject({ code: "token_request_failed", transient: false });
    expect(context.sent).toEqual([]);
  });
});

describe("a request with a proof", () => {
  const prover = () => createDpop({ now: () => Date.UTC(2026, 0, 1) });
  const proofs = (sent: ReturnType<typeof answering>["sent"]) =>
    sent.map(({ headers }) => decodeJwt(headers.get("dpop") ?? "").claims);

  it("gives tokens that are bound to the key (D49-01)", async () => {
    const context = { ...contextOf(answering(bound())), dpop: await prover() };
    expect(await request(context)).toMatchObject({ tokenType: "dpop" });
    const [claims] = proofs(context.sent);
    expect(claims).toMatchObject({ htm: "POST", htu: "https://as.example/token" });
    expect(claims).not.toHaveProperty("nonce");
  });

  it("is made once more with the nonce that the server wants, and a fresh proof (DP-02)", async () => {
    const context = { ...contextOf(answering(wantsNonce("n-1"), bound())), dpop: await prover() };
    await request(context);
    const [first, second, ...more] = proofs(context.sent);
    expect(second).toMatchObject({ nonce: "n-1" });
    expect(second?.["jti"]).not.toBe(first?.["jti"]);
    expect(more).toEqual([]);
  });

  it("has the server's nonce from the start the next time (DP-02)", async () => {
    const context = { ...contextOf(answering(wantsNonce("n-1"), bound())), dpop: await prover() };
    await request(context);
    await request(context);
    expect(proofs(context.sent).map(({ nonce }) => nonce)).toEqual([undefined, "n-1", "n-1"]);
  });

  it("is not made a third time by a server that always wants another nonce", async () => {
    let count = 0;
    const never: Answer = () => {
      count += 1;
      return Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": `n-${count}` } });
    };
    const context = { ...contextOf(answering(never)), dpop: await prover() };
    expect(await failureOf(request(context))).toMatchObject({ oauthError: "use_dpop_nonce" });
    expect(context.sent).toHaveLength(2);
  });

  it("is answered with a token that is bound, or with none (D49-13)", async () => {
    const context = { ...contextOf(answering(bearer())), dpop: await prover() };
    expect((await failureOf(request(context))).code).toBe("token_request_failed");
    expect(context.sent).toHaveLength(1);
  });
});

it("a demand for a nonce is refused where there is no key to prove", async () => {
  const context = contextOf(answering(wantsNonce("n-1")));
  expect(await failureOf(request(context))).toMatchObject({ oauthError: "use_dpop_nonce" });
  expect(context.sent).toHaveLength(1);
});
