/**
 * Tokens by what somebody else vouches for: a workload's assertion (WIF-01, WIF-02), and an enterprise's identity provider
 * (EMA-01 to EMA-14), at servers that say what they were sent.
 */
import {
  answerJson,
  answerStatus,
  manualClock,
  type ScriptedAnswer,
  type ScriptedAuthorizationServer,
  scriptedAuthorizationServer,
} from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { createAuthFetch, OAuth, type OAuthOptions } from "../../../src/index.ts";
import { running } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { requestsTo, requestTo } from "./setup.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** An authorization server that issues `at-1`, `at-2`, … for the jwt-bearer grant, and takes the last one only. */
async function issuing(
  secondsToLive = 3600,
): Promise<ScriptedAuthorizationServer & { refuseOnce(error: string): void }> {
  const server = await running(scriptedAuthorizationServer());
  let issued = 0;
  let refusal: string | undefined;
  const token: ScriptedAnswer = (exchange) => {
    const error = refusal ?? (exchange.params["grant_type"] === jwtBearer ? undefined : "unsupported_grant_type");
    refusal = undefined;
    if (error !== undefined) return answerJson({ error }, 400)(exchange);
    issued += 1;
    return answerJson({ access_token: `at-${issued}`, token_type: "Bearer", expires_in: secondsToLive })(exchange);
  };
  server.script.on = {
    token,
    resource: (exchange) =>
      exchange.request.headers.authorization === `Bearer at-${issued}` ? answerJson({})(exchange) : exchange.usual(),
  };
  return {
    ...server,
    refuseOnce(error) {
      refusal = error;
    },
  };
}

function fetchWith(server: ScriptedAuthorizationServer, options: OAuthOptions) {
  const fetch = createAuthFetch(new OAuth(options), { origin: server.url });
  return () => fetch(server.resource, { method: "POST", body: "{}" });
}

describe("a workload's assertion", () => {
  it("is all that is sent, and is read anew for each token (WIF-01, WIF-02)", async () => {
    const server = await issuing(100);
    const clock = manualClock();
    const assertions = ["assertion-1", "assertion-2"];
    const send = fetchWith(server, {
      grant: "jwt_bearer",
      assertion: () => assertions.shift() ?? "none left",
      now: clock.now,
    });
    expect((await send()).status).toBe(200);
    clock.advance(95_000);
    expect((await send()).status).toBe(200);
    const common = { grant_type: jwtBearer, resource: server.resource, scope: "mcp:read" };
    expect(requestsTo(server, "token").map(({ params }) => params)).toEqual([
      { ...common, assertion: "assertion-1" },
      { ...common, assertion: "assertion-2" },
    ]);
    expect(requestsTo(server, "token").every(({ headers }) => headers.authorization === undefined)).toBe(true);
    expect(server.count("registration")).toBe(0);
    // The server was asked without a token once: the second token was there before the first one expired.
    expect(server.count("resource", undefined, 401)).toBe(1);
  });

  it("that is refused is not sent again, and nothing else is tried (WIF-02)", async () => {
    const server = await issuing();
    server.refuseOnce("invalid_grant");
    let read = 0;
    const interaction = { open: () => expect.unreachable("nobody is to be asked") };
    const send = fetchWith(server, {
      grant: "jwt_bearer",
      assertion: () => `secret-assertion-${++read}`,
      interaction,
    });
    const error = await failureOf(send());
    expect(error).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant" });
    expect(error.message).not.toContain("secret-assertion");
    expect(server.count("token")).toBe(1);
    expect(server.count("registration") + server.count("authorization")).toBe(0);
    // The next request begins anew, with a new one.
    expect((await send()).status).toBe(200);
    expect(requestsTo(server, "token").at(-1)?.params["assertion"]).toBe("secret-assertion-2");
  });

  it("that cannot be read is no request", async () => {
    const server = await issuing();
    const assertion = () => Promise.reject(new Error("no such file"));
    expect(await failureOf(fetchWith(server, { grant: "jwt_bearer", assertion })())).toMatchObject({
      code: "credential_source_failed",
    });
    expect(server.count("token")).toBe(0);
  });
});

describe("an enterprise's identity provider", () => {
  const grant = { issued_token_type: "urn:ietf:params:oauth:token-type:id-jag", token_type: "N_A", expires_in: 300 };

  /** Both servers, with a provider that answers the exchange with this. */
  async function enterprise(answer: Record<string, unknown> = {}) {
    const server = await issuing();
    const provider = await running(scriptedAuthorizationServer({ issuerPath: "/idp" }));
    let exchanged = 0;
    provider.script.on = {
      token: (exchange) => {
        exchanged += 1;
        return answerJson({ access_token: `id-jag-${exchanged}`, ...grant, ...answer })(exchange);
      },
    };
    let read = 0;
    const idToken = () => `id-token-${++read}`;
    const options: OAuthOptions = {
      grant: "enterprise",
      clientId: "mcp-client",
      clientSecret: "mcp-secret",
      idp: { issuer: provider.issuer, clientId: "idp-client", clientSecret: "idp-secret", idToken },
    };
    return { server, provider, options };
  }

  it("exchanges the ID token for a grant, and that for tokens, with each server's own client (EMA-02 to EMA-06, EMA-13)", async () => {
    const { server, provider, options } = await enterprise();
    expect((await fetchWith(server, options)()).status).toBe(200);
    expect(requestTo(provider, "token").params).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: grant.issued_token_type,
      subject_token: "id-token-1",
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      audience: server.issuer,
      resource: server.resource,
      scope: "mcp:read",
      client_id: "idp-client",
      client_secret: "idp-secret",
    });
    const { params, headers } = requestTo(server, "token");
    expect(params).toMatchObject({
      grant_type: jwtBearer,
      assertion: "id-jag-1",
      resource: server.resource,
      scope: "mcp:read",
    });
    const proof = headers.authorization ?? `${params["client_id"]} ${params["client_secret"]}`;
    expect([`Basic ${btoa("mcp-client:mcp-secret")}`, "mcp-client mcp-secret"]).toContain(proof);
    expect(server.count("registration") + server.count("authorization")).toBe(0);
    for (const { params: sent } of server.requests) {
      expect(JSON.stringify(sent)).not.toMatch(/id-token|idp-secret/);
    }
    expect(JSON.stringify(provider.requests.map((each) => each.params))).not.toContain("mcp-secret");
  });

  it("reads the ID token and exchanges it anew for each token", async () => {
    const { server, provider, options } = await enterprise();
    const send = fetchWith(server, options);
    await send();
    server.script.on = { ...server.script.on, resource: answerOnce(server.script.on?.resource) };
    expect((await send()).status).toBe(200);
    expect(requestsTo(provider, "token").map(({ params }) => params["subject_token"])).toEqual([
      "id-token-1",
      "id-token-2",
    ]);
    expect(requestsTo(server, "token").map(({ params }) => params["assertion"])).toEqual(["id-jag-1", "id-jag-2"]);
  });

  it("asks for what the grant allows, where that is less", async () => {
    const { server, options } = await enterprise({ scope: "mcp:little" });
    await fetchWith(server, options)();
    expect(requestTo(server, "token").params["scope"]).toBe("mcp:little");
  });

  it("finds the token endpoint by the issuer, or uses the configured one without asking", async () => {
    const { server, provider, options } = await enterprise();
    const { clientId = "", idToken = "" } = options.idp ?? {};
    const idp = { tokenEndpoint: `${provider.issuer}/token`, clientId, idToken };
    expect((await fetchWith(server, { ...options, idp })()).status).toBe(200);
    expect(provider.count("metadata")).toBe(0);
    expect(requestTo(provider, "token").params).not.toHaveProperty("client_secret");
  });

  it.each([
    { title: "an access token", answer: { issued_token_type: "urn:ietf:params:oauth:token-type:access_token" } },
    { title: "a bearer token", answer: { token_type: "Bearer" } },
    { title: "nothing that says what it is", answer: { issued_token_type: undefined } },
  ])("refuses $title in place of the grant, and sends it nowhere (EMA-07)", async ({ answer }) => {
    const { server, options } = await enterprise(answer);
    const error = await failureOf(fetchWith(server, options)());
    expect(error.code).toBe("token_request_failed");
    expect(error.message).not.toContain("id-jag-1");
    expect(server.count("token")).toBe(0);
  });

  it("says which of the two servers refused", async () => {
    const { server, provider, options } = await enterprise();
    server.refuseOnce("invalid_grant");
    const second = await failureOf(fetchWith(server, options)());
    expect(second).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant" });
    expect(second.message).toContain(new URL(server.issuer).host);
    provider.script.on = { token: answerJson({ error: "access_denied" }, 400) };
    const first = await failureOf(fetchWith(server, options)());
    expect(first).toMatchObject({ code: "token_request_failed", oauthError: "access_denied" });
    expect(first.message).toContain(new URL(provider.issuer).host);
    for (const { message } of [first, second]) expect(message).not.toMatch(/id-token|id-jag|secret/);
  });

  /** One refusal, then what was there before. */
  function answerOnce(after: ScriptedAnswer | undefined): ScriptedAnswer {
    let refused = false;
    return (exchange) => {
      if (refused) return after?.(exchange);
      refused = true;
      return answerStatus(401)(exchange);
    };
  }
});
