/**
 * What becomes of tokens at a real authorization server that rotates refresh tokens and ends a whole family when one is used
 * twice (OAuth 2.1 §4.3): REF-01 to REF-06.
 */
import { headlessInteraction, manualClock, type TestAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { type CredentialStore, memoryStore, OAuth, type OAuthOptions } from "../../../src/index.ts";
import { sdks, session } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, lastToken, outcomes, requestsTo, requestTo, servers } from "./setup.ts";

const refreshTokensOf = (as: TestAuthorizationServer) =>
  requestsTo(as, "token", "refresh_token").map(({ params }) => params["refresh_token"]);

describe.each(sdks)("a token that dies in the middle of a session, over $name", (sdk) => {
  it("is refreshed, the call is made again, and the person hears nothing of it", async () => {
    const { as, mcp } = await servers();
    const interaction = headlessInteraction();
    const { session } = client(mcp, {}, { sdk, interaction });
    await session.connect();
    as.expireAccessTokens();
    const result = await session.callTool("add", { a: 2, b: 3 });
    expect(result.content).toEqual([{ type: "text", text: "5" }]);
    expect(outcomes(mcp).filter((each) => each === "tools/call 200")).toHaveLength(1);
    expect(outcomes(mcp).filter((each) => each.endsWith("401")).length).toBeGreaterThan(1);
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    expect(interaction.opened).toHaveLength(1);
  });

  it("is refreshed once for calls that are made at the same time", async () => {
    const { as, mcp } = await servers();
    const { session } = client(mcp, {}, { sdk });
    await session.connect();
    as.expireAccessTokens();
    const calls = Array.from({ length: 20 }, (_, a) => session.callTool("add", { a, b: 1 }));
    const texts = (await Promise.all(calls)).map(({ content }) => content);
    expect(texts).toEqual(Array.from({ length: 20 }, (_, a) => [{ type: "text", text: String(a + 1) }]));
    expect(as.count("token", "refresh_token")).toBe(1);
  });
});

describe("rotation", () => {
  it("replaces the refresh token each time, so that none is used twice (REF-05)", async () => {
    const { as, mcp } = await servers();
    const { session } = client(mcp);
    await session.connect();
    for (let round = 0; round < 3; round += 1) {
      as.expireAccessTokens();
      await session.listTools();
    }
    expect(as.count("token", "refresh_token", 200)).toBe(3);
    expect(new Set(refreshTokensOf(as)).size).toBe(3);
    // Would reuse have been seen? The first one is retired, and whoever sends it ends the family.
    const [used = ""] = refreshTokensOf(as);
    const params = { grant_type: "refresh_token", refresh_token: used, client_id: as.registeredClients()[0] ?? "" };
    const reuse = await fetch(`${as.issuer}/token`, { method: "POST", body: new URLSearchParams(params) });
    expect(await reuse.json()).toMatchObject({ error: "invalid_grant" });
    expect((await lastToken(as, mcp)).verified).toBeUndefined();
    // Somebody has stolen it, as far as anybody can tell: the person is asked again, and the call succeeds.
    await session.listTools();
    expect(as.count("token", "authorization_code", 200)).toBe(2);
  });

  it("keeps the refresh token where the server issues no other (REF-06)", async () => {
    const { as, mcp } = await servers({ rotateRefreshTokens: false });
    const { session } = client(mcp);
    await session.connect();
    for (let round = 0; round < 2; round += 1) {
      as.expireAccessTokens();
      await session.listTools();
    }
    expect(refreshTokensOf(as)).toHaveLength(2);
    expect(new Set(refreshTokensOf(as)).size).toBe(1);
    expect(as.count("token", "authorization_code")).toBe(1);
  });

  it("sends a refresh without a scope, and with the resource (RES-01, STEP-07)", async () => {
    const { as, mcp } = await servers();
    const { session } = client(mcp);
    await session.connect();
    as.expireAccessTokens();
    await session.listTools();
    expect(requestTo(as, "token", "refresh_token").params).toEqual({
      grant_type: "refresh_token",
      refresh_token: expect.any(String),
      client_id: as.registeredClients()[0],
      resource: mcp.resource,
    });
  });
});

describe("ahead of expiry", () => {
  /** A session on a clock of its own. */
  function timed(url: string, options: OAuthOptions & { store: CredentialStore }) {
    const oauth = new OAuth({ server: url, interaction: headlessInteraction(), ...options });
    return session(url, {}, { auth: oauth });
  }

  it("refreshes before the server refuses", async () => {
    const { as, mcp } = await servers({ accessTokenSeconds: 600 });
    const clock = manualClock(Date.now());
    const client = timed(mcp.url, { store: memoryStore(), now: clock.now });
    await client.connect();
    clock.advance(500_000);
    await client.listTools();
    expect(as.count("token", "refresh_token")).toBe(0);
    clock.advance(60_000);
    await client.listTools();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    expect(mcp.calls.filter(({ status }) => status === 401)).toHaveLength(1);
    expect(client.oauth?.getState().expiresAt).toBe(clock.now() + 600_000);
  });

  it("also at the start of a later process, whose first request is already right", async () => {
    const { as, mcp } = await servers();
    const [store, clock] = [memoryStore(), manualClock(Date.now())];
    await timed(mcp.url, { store, now: clock.now }).connect();
    clock.advance(3_600_000);
    const before = mcp.calls.length;
    await timed(mcp.url, { store, now: clock.now }).connect();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    expect(mcp.calls.slice(before).every(({ status }) => status === 200)).toBe(true);
  });
});

describe("a dead refresh token", () => {
  it("is dropped, and the person signs in again (pain 5)", async () => {
    const { as, mcp } = await servers();
    const [store, interaction] = [memoryStore(), headlessInteraction()];
    const { session } = client(mcp, {}, { store, interaction });
    await session.connect();
    as.expireAccessTokens();
    as.killRefreshTokens();
    await session.listTools();
    expect(interaction.opened).toHaveLength(2);
    expect(as.count("token", "refresh_token", 400)).toBe(1);
    // What is kept now is the new grant.
    as.expireAccessTokens();
    await client(mcp, {}, { store }).session.connect();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    expect(as.count("registration")).toBe(1);
  });

  it("is an error where nobody can be asked", async () => {
    const { as, mcp } = await servers();
    const store = memoryStore();
    await client(mcp, {}, { store }).session.connect();
    as.expireAccessTokens();
    as.killRefreshTokens();
    const later = session(mcp.url, { store }, { auth: { type: "oauth" } });
    expect(await failureOf(later.connect())).toMatchObject({ code: "authorization_required" });
  });
});

describe("offline_access (REF-03, REF-04)", () => {
  const asked = (as: TestAuthorizationServer) => requestTo(as, "authorization").params;

  it("is asked for with prompt=consent where the server advertises it, and gets a refresh token", async () => {
    const { as, mcp } = await servers({ refreshTokens: "offline_access" });
    const { session } = client(mcp);
    await session.connect();
    expect(asked(as)).toMatchObject({ scope: "mcp:read offline_access", prompt: "consent" });
    expect(session.oauth?.getState().refreshable).toBe(true);
    as.expireAccessTokens();
    await session.listTools();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
  });

  it("is not asked for where the server does not advertise it, nor is consent", async () => {
    const { as, mcp } = await servers({ refreshTokens: "never" });
    const { session } = client(mcp);
    await session.connect();
    expect(asked(as)["scope"]).toBe("mcp:read");
    expect(asked(as)).not.toHaveProperty("prompt");
    expect(session.oauth?.getState().refreshable).toBe(false);
    // Without a refresh token the person is asked again, and nothing is sent that the server does not know.
    as.expireAccessTokens();
    await session.listTools();
    expect(as.count("token", "refresh_token")).toBe(0);
    expect(as.count("token", "authorization_code", 200)).toBe(2);
  });

  it("is not asked for because the resource names it (26-07: PRM does not list it)", async () => {
    const changeMetadata = (metadata: Record<string, unknown>) => ({ ...metadata, scopes_supported: ["mcp:read"] });
    const { as, mcp } = await servers({ changeMetadata });
    await client(mcp).session.connect();
    expect(asked(as)["scope"]).toBe("mcp:read");
    expect(asked(as)).not.toHaveProperty("prompt");
  });
});
