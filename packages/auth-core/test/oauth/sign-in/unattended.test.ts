/**
 * Tokens that nobody is asked for: CC-02, EMA-02 to EMA-09, WIF-01, WIF-02. What is sent is what the official conformance
 * suite's scenarios auth/client-credentials-*, auth/enterprise-managed-authorization and auth/wif-jwt-bearer judge.
 */
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/credentials/memory-store.ts";
import type { AuthEvent } from "../../../src/events.ts";
import type { Discovery } from "../../../src/oauth/discovery/discovery.ts";
import { Engine } from "../../../src/oauth/engine.ts";
import type { OAuthOptions } from "../../../src/oauth/options.ts";
import { GrantRecords } from "../../../src/oauth/tokens/grant-records.ts";
import { failureOf } from "../../support/failure.ts";

const resource = "https://mcp.example/mcp";
const issuer = "https://as.example";
const idp = "https://idp.example";
const now = () => Date.UTC(2026, 0, 1);
const { signal } = new AbortController();
const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const tokens = { access_token: "access-1", token_type: "Bearer", expires_in: 3600 };
const idJag = {
  access_token: "id-jag-1",
  issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
  token_type: "N_A",
};

interface Sent {
  readonly url: string;
  readonly form: Record<string, string>;
  readonly authorization: string | null;
}

/** An engine whose servers answer as told: each URL in turn, its last answer again and again. */
function engineOf(options: OAuthOptions, answers: Readonly<Record<string, readonly (object | Response)[]>>) {
  const sent: Sent[] = [];
  const events: AuthEvent[] = [];
  const counts = new Map<string, number>();
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const form = Object.fromEntries(new URLSearchParams(await request.text()));
    sent.push({ url: request.url, form, authorization: request.headers.get("authorization") });
    const all = answers[request.url] ?? [];
    const count = counts.get(request.url) ?? 0;
    counts.set(request.url, count + 1);
    const answer = all[Math.min(count, all.length - 1)] ?? new Response(null, { status: 404 });
    return answer instanceof Response ? answer.clone() : Response.json(answer);
  };
  const records = new GrantRecords(memoryStore(), resource, "", {});
  const engine = new Engine(resource, { ...options, fetch, now, onEvent: (event) => events.push(event) }, records);
  const obtain = (methods: readonly string[] = ["client_secret_basic"], scope?: string) =>
    engine.obtain({ discovery: discoveryOf(methods), challenge: undefined, previous: undefined, scope, signal });
  return { obtain, sent, events, engine };
}

const discoveryOf = (methods: readonly string[]): Discovery => ({
  resource,
  issuer,
  server: { issuer, token_endpoint: `${issuer}/token`, token_endpoint_auth_methods_supported: [...methods] },
});

const refused = (error: string, status = 400) => Response.json({ error }, { status });

describe("client credentials", () => {
  const options: OAuthOptions = { grant: "client_credentials", clientId: "client-1", clientSecret: "s3cr3t" };

  it("are sent with the resource and no more (CC-02, RES-01)", async () => {
    const { obtain, sent, events } = engineOf(options, { [`${issuer}/token`]: [tokens] });
    expect(await obtain()).toMatchObject({ clientId: "client-1", tokens: { accessToken: "access-1" } });
    expect(sent).toEqual([
      {
        url: `${issuer}/token`,
        form: { grant_type: "client_credentials", resource },
        authorization: `Basic ${btoa("client-1:s3cr3t")}`,
      },
    ]);
    expect(events).toEqual([
      { type: "token", grant: "client_credentials", issuer, expiresAt: now() + 3_600_000, refreshable: false },
    ]);
  });

  it("name the scopes asked for", async () => {
    const { obtain, sent } = engineOf(options, { [`${issuer}/token`]: [tokens] });
    expect((await obtain(["client_secret_post"], "read write")).tokens.scope).toBe("read write");
    expect(sent[0]?.form).toEqual({
      grant_type: "client_credentials",
      resource,
      scope: "read write",
      client_id: "client-1",
      client_secret: "s3cr3t",
    });
  });

  it("are sent again with a secret that was rotated, once (pain 18)", async () => {
    const secrets = ["old", "new", "newer"];
    let reads = 0;
    const reader = { read: async () => secrets[reads++] ?? "" };
    const rotating = { ...options, clientSecret: { file: "secret" }, secrets: reader };
    const { obtain, sent } = engineOf(rotating, { [`${issuer}/token`]: [refused("invalid_client", 401), tokens] });
    await obtain();
    expect(sent.map(({ authorization }) => authorization)).toEqual(
      ["old", "new"].map((secret) => `Basic ${btoa(`client-1:${secret}`)}`),
    );
  });
});

describe("a workload's assertion", () => {
  const options: OAuthOptions = { grant: "jwt_bearer", assertion: "workload.jwt.1" };

  it("is sent alone: nothing is said of a client, though one is configured (WIF-01)", async () => {
    const { obtain, sent } = engineOf({ ...options, clientId: "client-1" }, { [`${issuer}/token`]: [tokens] });
    expect(await obtain(["none"], "read")).toMatchObject({ clientId: "" });
    expect(sent).toEqual([
      {
        url: `${issuer}/token`,
        form: { grant_type: bearerGrant, assertion: "workload.jwt.1", resource, scope: "read" },
        authorization: null,
      },
    ]);
  });

  it("is read anew for each request (WIF-02)", async () => {
    let reads = 0;
    const secrets = { read: async () => `workload.jwt.${++reads}` };
    const { obtain, sent } = engineOf(
      { ...options, assertion: { file: "token" }, secrets },
      { [`${issuer}/token`]: [tokens] },
    );
    await obtain(["none"]);
    await obtain(["none"]);
    expect(sent.map(({ form }) => form["assertion"])).toEqual(["workload.jwt.1", "workload.jwt.2"]);
  });

  it.each(["invalid_grant", "invalid_scope", "unauthorized_client", "invalid_client", "server_error"])(
    "is sent once, and %s is the caller's to know (wif-no-retry, wif-grant-fallback)",
    async (error) => {
      const { obtain, sent } = engineOf(options, { [`${issuer}/token`]: [refused(error)] });
      const failure = await failureOf(obtain(["none"]));
      expect(failure).toMatchObject({ code: "token_request_failed", oauthError: error });
      expect(failure.message).not.toContain("workload.jwt.1");
      expect(sent).toHaveLength(1);
    },
  );

  it("ends with its tokens, which nobody can revoke", async () => {
    const revocation_endpoint = `${issuer}/revoke`;
    const { obtain, engine, sent, events } = engineOf(options, { [`${issuer}/token`]: [tokens] });
    const grant = await obtain(["none"]);
    const discovery = { ...grant.discovery, server: { ...grant.discovery.server, revocation_endpoint } };
    await engine.signOut({ ...grant, discovery }, true, undefined);
    expect(sent).toHaveLength(1);
    expect(events.at(-1)).toEqual({ type: "signed_out", issuer, revoked: false });
  });
});

describe("an enterprise's identity provider", () => {
  const options: OAuthOptions = {
    grant: "enterprise",
    clientId: "client-at-as",
    clientSecret: "secret-at-as",
    idp: { tokenEndpoint: `${idp}/token`, clientId: "client-at-idp", idToken: "id.token.1" },
  };
  const answers = { [`${idp}/token`]: [idJag], [`${issuer}/token`]: [tokens] };
  const exchange = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:id-jag",
    subject_token: "id.token.1",
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    audience: issuer,
    resource,
  };
  const withIdp = (changes: Partial<NonNullable<OAuthOptions["idp"]>>): OAuthOptions => ({
    ...options,
    idp: { clientId: "client-at-idp", idToken: "id.token.1", ...changes },
  });

  it("is asked for a grant, which the authorization server exchanges (EMA-02, EMA-03, EMA-09)", async () => {
    const { obtain, sent } = engineOf(options, answers);
    expect(await obtain()).toMatchObject({ clientId: "client-at-as", tokens: { accessToken: "access-1" } });
    expect(sent).toEqual([
      { url: `${idp}/token`, form: { ...exchange, client_id: "client-at-idp" }, authorization: null },
      {
        url: `${issuer}/token`,
        form: { grant_type: bearerGrant, assertion: "id-jag-1", resource },
        authorization: `Basic ${btoa("client-at-as:secret-at-as")}`,
      },
    ]);
  });

  it("is given a secret in the body where nothing is known of it", async () => {
    const known = withIdp({ tokenEndpoint: `${idp}/token`, clientSecret: "secret-at-idp" });
    const { obtain, sent } = engineOf(known, answers);
    await obtain();
    expect(sent[0]?.form).toMatchObject({ client_id: "client-at-idp", client_secret: "secret-at-idp" });
  });

  it.each([
    [undefined, "header"],
    [["client_secret_basic", "client_secret_post"], "header"],
    [["client_secret_post"], "body"],
  ])("is given a secret as its metadata says: %j (EMA-04)", async (methods, place) => {
    const metadata = {
      issuer: idp,
      token_endpoint: `${idp}/token`,
      ...(methods && { token_endpoint_auth_methods_supported: methods }),
    };
    const { obtain, sent, events } = engineOf(withIdp({ issuer: idp, clientSecret: "secret-at-idp" }), {
      ...answers,
      [`${idp}/.well-known/openid-configuration`]: [metadata],
    });
    await obtain();
    const asked = sent.find(({ url }) => url === `${idp}/token`);
    expect(asked?.authorization).toBe(place === "header" ? `Basic ${btoa("client-at-idp:secret-at-idp")}` : null);
    expect(asked?.form["client_secret"]).toBe(place === "body" ? "secret-at-idp" : undefined);
    expect(events.map((event) => event.type)).toEqual(["discovery", "discovery", "token"]);
  });

  it("gives another grant when the server could not answer", async () => {
    const { obtain, sent } = engineOf(options, {
      [`${idp}/token`]: [idJag, { ...idJag, access_token: "id-jag-2" }],
      [`${issuer}/token`]: [new Response(null, { status: 503 }), tokens],
    });
    await obtain();
    expect(sent.map(({ form }) => form["assertion"])).toEqual([undefined, "id-jag-1", undefined, "id-jag-2"]);
  });

  it("is asked once when it refuses, and the authorization server not at all", async () => {
    const { obtain, sent } = engineOf(options, { ...answers, [`${idp}/token`]: [refused("invalid_grant")] });
    const failure = await failureOf(obtain());
    expect(failure).toMatchObject({ code: "token_request_failed", oauthError: "invalid_grant" });
    expect(failure.message).toContain(`${idp}/token`);
    expect(sent).toHaveLength(1);
  });
});
