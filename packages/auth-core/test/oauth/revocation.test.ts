/** Ending tokens: RFC 7009. */
import { type AuthorizationServer, ClientSecretPost } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import type { ClientIdentity } from "../../src/oauth/registration.ts";
import { revoke } from "../../src/oauth/revocation.ts";
import { answering } from "../support/authorization-server.ts";
import { failureOf } from "../support/failure.ts";

const server: AuthorizationServer = {
  issuer: "https://as.example",
  revocation_endpoint: "https://as.example/revoke?x=1",
};
const identity: ClientIdentity = {
  source: "pre-registered",
  client: { client_id: "client-1" },
  authentication: ClientSecretPost("secret-1"),
};

describe("a revocation", () => {
  it.each([200, 204])("sends the token, what it is and who asks; %i is a yes", async (status) => {
    const context = answering(new Response(null, { status }));
    expect(await revoke(server, identity, "token-1", "refresh_token", context)).toBe(true);
    expect(context.sent).toHaveLength(1);
    expect(context.sent[0]).toMatchObject({ url: "https://as.example/revoke?x=1", method: "POST" });
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toEqual({
      token: "token-1",
      token_type_hint: "refresh_token",
      client_id: "client-1",
      client_secret: "secret-1",
    });
  });

  it("is not possible where there is no endpoint for it", async () => {
    const context = answering(new Response());
    expect(await revoke({ issuer: "https://as.example" }, identity, "token-1", "access_token", context)).toBe(false);
    expect(context.sent).toEqual([]);
  });

  it("that is refused is an error without the token", async () => {
    const body = { error: "unsupported_token_type", error_description: "Cannot revoke token-1-with-a-long-name" };
    const context = answering(Response.json(body, { status: 400 }));
    const error = await failureOf(revoke(server, identity, "token-1-with-a-long-name", "access_token", context));
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "unsupported_token_type" });
    expect(error.message).toBe(
      'The revocation at https://as.example/revoke was answered with 400 and the error "unsupported_token_type": "Cannot revoke ••••".',
    );
  });

  it("that is answered with a page is an error", async () => {
    const error = await failureOf(
      revoke(server, identity, "t", "access_token", answering(new Response("", { status: 404 }))),
    );
    expect(error).toMatchObject({ code: "token_request_failed", status: 404 });
  });
});
