/** Enterprise-managed authorization: EMA-02 to EMA-09, RFC 8693, ID-JAG. */
import { ClientSecretBasic } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { createDpop } from "../../../src/oauth/dpop.ts";
import { enterprise, type IdentityProvider } from "../../../src/oauth/grants/enterprise.ts";
import { Secret } from "../../../src/secrets/secret.ts";
import { type Answer, answering } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

const idJag = "urn:ietf:params:oauth:token-type:id-jag";
const idToken = "header.claims-of-the-person.signature";
const grant = { access_token: "id-jag-1", issued_token_type: idJag, token_type: "N_A", expires_in: 300 };
const tokens = { access_token: "access-1", token_type: "Bearer" };

const provider: IdentityProvider = {
  server: { issuer: "https://idp.example", token_endpoint: "https://idp.example/token?tenant=1" },
  clientId: "client-at-idp",
  idToken: new Secret(idToken),
};

function contextOf(...answers: [Answer, ...Answer[]]) {
  return {
    ...answering(...answers),
    server: { issuer: "https://as.example/", token_endpoint: "https://as.example/token" },
    identity: {
      source: "pre-registered" as const,
      client: { client_id: "client-at-as" },
      authentication: ClientSecretBasic("secret-at-as"),
    },
    resource: "https://mcp.example/mcp",
    scope: "read write",
  };
}

const granted = (changes: Readonly<Record<string, unknown>> = {}) => Response.json({ ...grant, ...changes });

describe("an ID token", () => {
  it("is exchanged for a grant, and that for tokens (EMA-02, EMA-03, EMA-09)", async () => {
    const context = contextOf(granted(), Response.json(tokens));
    expect(await enterprise(context, provider)).toMatchObject({ accessToken: "access-1", scope: "read write" });
    const [first, second, ...more] = context.sent;
    expect(first?.url).toBe("https://idp.example/token?tenant=1");
    expect(Object.fromEntries(first?.form ?? [])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: idJag,
      subject_token: idToken,
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      // Byte for byte as published: with the slash.
      audience: "https://as.example/",
      resource: "https://mcp.example/mcp",
      scope: "read write",
      client_id: "client-at-idp",
    });
    expect(second?.url).toBe("https://as.example/token");
    expect(Object.fromEntries(second?.form ?? [])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: "id-jag-1",
      resource: "https://mcp.example/mcp",
      scope: "read write",
    });
    expect(second?.headers.get("authorization")).toBe(`Basic ${btoa("client%2Dat%2Das:secret%2Dat%2Das")}`);
    expect(more).toEqual([]);
  });

  it("is exchanged by the client that the identity provider knows, with its own secret (EMA-04, BIND-02)", async () => {
    const context = contextOf(granted(), Response.json(tokens));
    await enterprise(context, { ...provider, clientSecret: new Secret("secret-at-idp") });
    const [first, second] = context.sent;
    expect(first?.headers.get("authorization")).toBe(`Basic ${btoa("client-at-idp:secret-at-idp")}`);
    expect(first?.form.has("client_id")).toBe(false);
    expect(`${first?.text}`).not.toContain("secret-at-as");
    expect(`${second?.text}`).not.toContain("secret-at-idp");
    expect(`${second?.text}`).not.toContain(idToken);
  });

  it.each([[["client_secret_post"]], [["private_key_jwt", "client_secret_post"]]])(
    "takes the secret where the identity provider wants it: %j",
    async (methods) => {
      const context = contextOf(granted(), Response.json(tokens));
      const server = { ...provider.server, token_endpoint_auth_methods_supported: methods };
      await enterprise(context, { ...provider, server, clientSecret: new Secret("secret-at-idp") });
      expect(context.sent[0]?.form.get("client_id")).toBe("client-at-idp");
      expect(context.sent[0]?.form.get("client_secret")).toBe("secret-at-idp");
      expect(context.sent[0]?.headers.has("authorization")).toBe(false);
    },
  );

  it("gives the scopes that the identity provider leaves (EMA-07)", async () => {
    const context = contextOf(granted({ scope: "read" }), Response.json(tokens));
    expect(await enterprise(context, provider)).toMatchObject({ scope: "read" });
    expect(context.sent[1]?.form.get("scope")).toBe("read");
  });

  it.each([null, ""])("keeps the scopes where the identity provider names none: %j", async (scope) => {
    const context = contextOf(granted({ scope }), Response.json(tokens));
    await enterprise(context, provider);
    expect(context.sent[1]?.form.get("scope")).toBe("read write");
  });

  it("gives tokens bound to a key, which only the authorization server is shown (EMA-14)", async () => {
    const dpop = await createDpop({ now: Date.now });
    const context = { ...contextOf(granted(), Response.json({ ...tokens, token_type: "DPoP" })), dpop };
    expect(await enterprise(context, provider)).toMatchObject({ tokenType: "dpop" });
    expect(context.sent.map(({ headers }) => headers.has("dpop"))).toEqual([false, true]);
  });
});

describe("what the identity provider gives instead of a grant goes nowhere (EMA-07)", () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["an access token", { token_type: "Bearer", issued_token_type: "urn:ietf:params:oauth:token-type:access_token" }],
    ["an access token said to be a grant", { token_type: "Bearer" }],
    ["a bound token said to be a grant", { token_type: "DPoP" }],
    ["a JWT", { issued_token_type: "urn:ietf:params:oauth:token-type:jwt" }],
    ["nobody knows what", { issued_token_type: undefined }],
    ["a token of no type", { token_type: undefined }],
    ["a token of an unknown type", { token_type: "mac" }],
    ["a type with the name of something else", { token_type: "__proto__" }],
    ["another such type", { token_type: "constructor" }],
    ["no token", { access_token: undefined }],
  ])("%s", async (_name, changes) => {
    const context = contextOf(granted(changes), Response.json(tokens));
    const error = await failureOf(enterprise(context, provider));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toMatch(/^The exchange of the ID token at https:\/\/idp\.example\/token /);
    expect(error.message).not.toContain("id-jag-1");
    expect(context.sent).toHaveLength(1);
  });
});

describe("a refusal says which step failed, and holds no secret", () => {
  it("of the identity provider", async () => {
    const body = { error: "invalid_grant", error_description: `${idToken} has expired` };
    const context = contextOf(Response.json(body, { status: 400 }));
    const error = await failureOf(enterprise(context, provider));
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant" });
    expect(error.message).toBe(
      'The exchange of the ID token at https://idp.example/token was answered with 400 and the error "invalid_grant": "•••• has expired".',
    );
    expect(context.sent).toHaveLength(1);
  });

  it("of the authorization server", async () => {
    const body = { error: "invalid_grant", error_description: "Unknown issuer of id-jag-1" };
    const context = contextOf(granted(), Response.json(body, { status: 400 }));
    const error = await failureOf(enterprise(context, provider));
    expect(error.message).toBe(
      'The request for tokens with the identity provider\'s grant at https://as.example/token was answered with 400 and the error "invalid_grant": "Unknown issuer of ••••".',
    );
  });
});

it("the ID token is read anew each time", async () => {
  let count = 0;
  const source = new Secret(() => {
    count += 1;
    return `id-token-${count}`;
  });
  const exchanged: (string | null)[] = [];
  for (let run = 0; run < 2; run += 1) {
    const context = contextOf(granted(), Response.json(tokens));
    await enterprise(context, { ...provider, idToken: source });
    exchanged.push(context.sent[0]?.form.get("subject_token") ?? null);
  }
  expect(exchanged).toEqual(["id-token-1", "id-token-2"]);
});
