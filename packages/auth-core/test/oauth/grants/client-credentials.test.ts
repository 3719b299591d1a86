/** Tokens for the client itself: CC-01 to CC-05, RES-01. */
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, PrivateKeyJwt } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { clientCredentials } from "../../../src/oauth/grants/client-credentials.ts";
import { type Answer, answering, decodeJwt } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const issued = Response.json({ access_token: "access-1", token_type: "Bearer", expires_in: 60 });

function contextOf(authentication: ClientAuth, answer: Answer = issued) {
  return {
    ...answering(answer),
    server: { issuer: "https://as.example", token_endpoint: "https://as.example/token" },
    identity: { source: "pre-registered" as const, client: { client_id: "client-1" }, authentication },
    resource: "https://mcp.example/mcp",
    scope: "read",
  };
}

describe("client credentials", () => {
  it("are sent with the resource and the scopes, the secret in the body (CC-01, CC-02)", async () => {
    const context = contextOf(ClientSecretPost("secret-1"));
    expect(await clientCredentials(context)).toMatchObject({
      accessToken: "access-1",
      scope: "read",
      expiresAt: context.now() + 60_000,
    });
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toEqual({
      grant_type: "client_credentials",
      resource: "https://mcp.example/mcp",
      scope: "read",
      client_id: "client-1",
      client_secret: "secret-1",
    });
  });

  it("are sent with the secret in the header (CC-05)", async () => {
    const context = contextOf(ClientSecretBasic("secret-1"));
    await clientCredentials(context);
    expect(Object.fromEntries(context.sent[0]?.form ?? [])).toEqual({
      grant_type: "client_credentials",
      resource: "https://mcp.example/mcp",
      scope: "read",
    });
    expect(context.sent[0]?.headers.get("authorization")).toMatch(/^Basic /);
  });

  it("are sent with a signed assertion (CC-03)", async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const context = contextOf(PrivateKeyJwt(privateKey));
    await clientCredentials(context);
    const form = context.sent[0]?.form;
    expect(form?.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    expect(decodeJwt(form?.get("client_assertion") ?? "").claims).toMatchObject({ iss: "client-1", sub: "client-1" });
    expect(form?.get("grant_type")).toBe("client_credentials");
  });

  it("are sent without scopes when none are known (SCP-02)", async () => {
    const { scope: _, ...context } = contextOf(ClientSecretPost("secret-1"));
    expect(await clientCredentials(context)).not.toHaveProperty("scope");
    expect(context.sent[0]?.form.has("scope")).toBe(false);
  });

  it("that are refused are an error without the secret", async () => {
    const body = { error: "invalid_client", error_description: "secret-1 is wrong" };
    const context = contextOf(ClientSecretPost("secret-1"), Response.json(body, { status: 401 }));
    const error = await failureOf(clientCredentials(context));
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_client", status: 401 });
    expect(error.message).not.toContain("secret-1");
    expect(context.sent).toHaveLength(1);
  });
});
