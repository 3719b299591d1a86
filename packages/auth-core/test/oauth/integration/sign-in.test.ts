/**
 * A person signs in: the authorization code grant with PKCE and dynamic registration, at a real authorization server whose
 * pages are really submitted, to a real MCP server, over both SDK lines.
 */
import { createHash } from "node:crypto";
import { headlessInteraction, testBrowser } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { sdks, session } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { authorizationServer, client, lastToken, outcomes, requestsTo, requestTo, servers } from "./setup.ts";

describe.each(sdks)("over $name", (sdk) => {
  it.each(["v1", "v2"] as const)("signs in to a server on SDK %s and calls a tool", async (line) => {
    const { as, mcp } = await servers({}, { sdk: line });
    const interaction = headlessInteraction();
    const { session } = client(mcp, {}, { sdk, interaction });
    const result = await session.callTool("echo", { text: "hello" });
    expect(result.content).toEqual([{ type: "text", text: "hello" }]);
    expect(session.oauth?.getState()).toMatchObject({
      status: "authorized",
      issuer: as.issuer,
      scope: "mcp:read",
      refreshable: true,
    });
    expect(interaction.opened).toHaveLength(1);
    // One refusal, that of the very first request.
    expect(mcp.calls.filter(({ status }) => status !== 200)).toHaveLength(1);
    const { scheme, verified } = await lastToken(as, mcp);
    expect(scheme).toBe("Bearer");
    expect(verified).toMatchObject({ audience: mcp.resource, subject: "ada", scopes: ["mcp:read"] });
  });
});

describe("the messages of a sign-in", () => {
  it("registers as what it is: a native, public client with the code grant (DCR-01 to DCR-03, REF-02)", async () => {
    const { as, mcp } = await servers();
    await client(mcp, { clientName: "Notes" }).session.connect();
    const { params, status } = requestTo(as, "registration");
    expect(status).toBe(201);
    expect(params).toEqual({
      client_name: "Notes",
      application_type: "native",
      redirect_uris: '["http://127.0.0.1/callback"]',
      grant_types: '["authorization_code","refresh_token"]',
      response_types: '["code"]',
      token_endpoint_auth_method: "none",
      scope: "mcp:read offline_access",
    });
  });

  it("asks with state, S256 and nothing that was not decided, and redeems with the verifier (AUT-02 to AUT-05, AUT-08)", async () => {
    const { as, mcp } = await servers({ scopes: ["mcp:read"], refreshTokens: "never" });
    await client(mcp).session.connect();
    const { params: asked } = requestTo(as, "authorization");
    const { params: redeemed } = requestTo(as, "token");
    expect(asked).toEqual({
      response_type: "code",
      client_id: as.registeredClients()[0],
      redirect_uri: "http://127.0.0.1/callback",
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.any(String),
      code_challenge_method: "S256",
      resource: mcp.resource,
      scope: "mcp:read",
    });
    expect(redeemed).toEqual({
      grant_type: "authorization_code",
      client_id: asked["client_id"],
      redirect_uri: asked["redirect_uri"],
      code: expect.any(String),
      code_verifier: expect.stringMatching(/^[\w.~-]{43,128}$/),
      resource: mcp.resource,
    });
    const challenge = createHash("sha256")
      .update(redeemed["code_verifier"] ?? "")
      .digest("base64url");
    expect(asked["code_challenge"]).toBe(challenge);
  });

  it("uses another state and verifier each time", async () => {
    const { as, mcp } = await servers({ clients: [{ clientId: "app" }] });
    await client(mcp, { clientId: "app" }).session.connect();
    await client(mcp, { clientId: "app" }).session.connect();
    const states = requestsTo(as, "authorization").flatMap(({ params }) => params["state"] ?? []);
    const verifiers = requestsTo(as, "token").map(({ params }) => params["code_verifier"]);
    expect(new Set(states).size).toBe(2);
    expect(new Set(verifiers).size).toBe(2);
  });

  it("says each step in an event, and no secret in any", async () => {
    const { as, mcp } = await servers();
    const { session, events } = client(mcp);
    await session.connect();
    const steps = events.flatMap((event) => {
      if (event.type === "request" || event.type === "response") return [];
      return event.type === "authorization" ? `${event.type} ${event.step}` : event.type;
    });
    const [clientId] = as.registeredClients();
    expect(steps).toEqual([
      "discovery",
      "discovery",
      "registration",
      "authorization asked",
      "authorization answered",
      "token",
    ]);
    expect(events).toContainEqual({ type: "registration", issuer: as.issuer, clientId });
    expect(events).toContainEqual(
      expect.objectContaining({ type: "authorization", step: "asked", url: `${as.issuer}/auth` }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "token",
        grant: "authorization_code",
        issuer: as.issuer,
        refreshable: true,
        scope: "mcp:read",
      }),
    );
    const text = JSON.stringify(events);
    const { params } = requestTo(as, "token");
    const { token } = await lastToken(as, mcp);
    for (const secret of [params["code"], params["code_verifier"], token]) expect(text).not.toContain(secret);
  });
});

describe("the answer of the authorization server", () => {
  it("says that the person refused", async () => {
    const { as, mcp } = await servers();
    const { session } = client(mcp, {}, { interaction: headlessInteraction({ decision: "deny" }) });
    const error = await failureOf(session.connect());
    expect(error).toMatchObject({ code: "authorization_denied" });
    expect(error.message).toContain("access_denied");
    expect(session.oauth?.getState()).toMatchObject({ status: "failed", error });
    expect(as.count("token")).toBe(0);
  });

  it("carries the issuer, which is compared as text (ISS-01 to ISS-03)", async () => {
    const { as, mcp } = await servers();
    const answers: URL[] = [];
    const session = await signInAnd(mcp, (callback) => {
      answers.push(callback);
      return callback;
    });
    await session.connect();
    expect(answers[0]?.searchParams.get("iss")).toBe(as.issuer);
    for (const spoil of [
      (query: URLSearchParams) => query.set("iss", `${as.issuer}/`),
      (query: URLSearchParams) => query.set("iss", "https://evil.example"),
      (query: URLSearchParams) => query.delete("iss"),
    ]) {
      const requests = as.count("token");
      const spoiled = await signInAnd(mcp, (callback) => {
        spoil(callback.searchParams);
        return callback;
      });
      expect(await failureOf(spoiled.connect())).toMatchObject({ code: "issuer_mismatch" });
      expect(as.count("token")).toBe(requests);
    }
  });

  it("is of no use with another state (AUT-04)", async () => {
    const { as, mcp } = await servers();
    const session = await signInAnd(mcp, (callback) => {
      callback.searchParams.set("state", "x".repeat(43));
      return callback;
    });
    expect(await failureOf(session.connect())).toMatchObject({ code: "state_mismatch" });
    expect(as.count("token")).toBe(0);
  });

  /** A session whose sign-in is answered with what `change` makes of the real answer. */
  async function signInAnd(mcp: { readonly url: string }, change: (callback: URL) => URL) {
    const person = headlessInteraction();
    const interaction = {
      open: async () => {
        const asked = await person.open();
        return { ...asked, authorize: async (url: URL) => change(await asked.authorize(url)) };
      },
    };
    return session(mcp.url, { interaction }, { auth: { type: "oauth" } });
  }
});

describe("authorization servers of other shapes", () => {
  const places = [["oauth"], ["openid-inserted"], ["openid"]] as const;
  it.each(places)("an issuer with a path, whose metadata is at the place %s (ASM-03)", async (place) => {
    const { as, mcp } = await servers({ issuerPath: "/tenant/a", wellKnown: [place] });
    const { session } = client(mcp);
    await session.connect();
    expect(as.issuer).toMatch(/\/tenant\/a$/);
    expect(session.oauth?.getState()).toMatchObject({ status: "authorized", issuer: as.issuer });
    const tried = requestsTo(as, "metadata").map(({ path }) => path);
    expect(tried.at(-1)).toBe(
      {
        oauth: "/.well-known/oauth-authorization-server/tenant/a",
        "openid-inserted": "/.well-known/openid-configuration/tenant/a",
        openid: "/tenant/a/.well-known/openid-configuration",
      }[place],
    );
  });

  it("one without a path that has OpenID Connect metadata alone", async () => {
    const { mcp } = await servers({ wellKnown: ["openid"] });
    const { session } = client(mcp);
    await session.connect();
    expect(session.oauth?.getState().status).toBe("authorized");
  });

  it("one that issues opaque tokens, and refreshes them", async () => {
    const { as, mcp } = await servers({ accessTokens: "opaque" });
    const { session } = client(mcp);
    await session.connect();
    const { token } = await lastToken(as, mcp);
    expect(token).not.toContain(".");
    as.expireAccessTokens();
    await session.listTools();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    expect((await lastToken(as, mcp)).token).not.toBe(token);
  });

  it("metadata at the root of the resource, or named by the challenge alone (PRM-01)", async () => {
    for (const metadata of [{ path: false, root: true, header: false }, { path: false }]) {
      const { mcp } = await servers({}, { metadata });
      const { session } = client(mcp);
      await session.connect();
      expect(session.oauth?.getState().status).toBe("authorized");
    }
  });

  it("no OAuth configured: the challenge starts the sign-in, and a browser that is signed in is not asked again", async () => {
    const { as, mcp } = await servers();
    const browser = testBrowser();
    for (let count = 0; count < 2; count += 1) {
      const own = session(mcp.url, { interaction: headlessInteraction({ browser }) });
      await own.connect();
      expect(own.oauth?.getState().status).toBe("authorized");
    }
    expect(outcomes(mcp).filter((outcome) => outcome.endsWith("401"))).toHaveLength(2);
    expect(as.count("token", "authorization_code", 200)).toBe(2);
    const asked = browser.visited.filter((url) => url.includes("/interaction/"));
    expect(asked.length).toBeGreaterThan(0);
  });

  it("no interaction: the error says what would help", async () => {
    const { as, mcp } = await servers();
    const error = await failureOf(session(mcp.url, {}, { auth: { type: "oauth" } }).connect());
    expect(error).toMatchObject({ code: "authorization_required" });
    expect(error.message).toContain(as.issuer);
    expect(as.count("registration")).toBe(0);
  });

  it("one that registers nobody: the error names what to set (REG-02)", async () => {
    const as = await authorizationServer({ registration: false });
    const { mcp } = await servers();
    mcp.useAuthorizationServer(as);
    const error = await failureOf(client(mcp).session.connect());
    expect(error).toMatchObject({ code: "registration_unsupported" });
    expect(error.message).toMatch(/`clientId`.*`clientMetadataUrl`/);
  });
});
