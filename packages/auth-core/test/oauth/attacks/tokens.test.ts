/** Token responses that are not what they should be: RFC 6749 §5.1, RFC 6750 §2.1, D49-13. */
import { describe, expect, it } from "vitest";
import type { OAuthOptions } from "../../../src/index.ts";
import { failureOf } from "../../support/failure.ts";
import { expectHarmless, expectNoSecret, hostileServer, recordIn, secretsOf, victimOf } from "./setup.ts";

type Spoil = (body: Record<string, unknown>) => unknown;
const token = "token-from-the-attacker";

describe("no token is taken from a response with", () => {
  it.each<[string, Spoil]>([
    ["a token that is a number", (body) => ({ ...body, access_token: 1234567 })],
    ["a token that is a list", (body) => ({ ...body, access_token: [token] })],
    ["a token that is an object", (body) => ({ ...body, access_token: { token } })],
    ["a token that is yes", (body) => ({ ...body, access_token: true })],
    ["no token", ({ access_token: _, ...body }) => body],
    ["an empty token", (body) => ({ ...body, access_token: "" })],
    ["a token with a line break", (body) => ({ ...body, access_token: `${token}\r\nx-injected: 1` })],
    ["a token with a line feed", (body) => ({ ...body, access_token: `${token}\n` })],
    ["a token with a zero", (body) => ({ ...body, access_token: `${token}\u0000` })],
    ["a token beyond Latin-1", (body) => ({ ...body, access_token: `${token}☃` })],
    ["a token with a mark of direction", (body) => ({ ...body, access_token: `${token}\u202e` })],
    ["white space around the token", (body) => ({ ...body, access_token: ` ${token} ` })],
    ["a second header in the token", (body) => ({ ...body, access_token: `${token}, Basic YTpi` })],
    ["a token longer than any header", (body) => ({ ...body, access_token: "t".repeat(500_000) })],
    ["no type", ({ token_type: _, ...body }) => ({ ...body, access_token: token })],
    ["the type MAC", (body) => ({ ...body, access_token: token, token_type: "MAC" })],
    ["the type N_A", (body) => ({ ...body, access_token: token, token_type: "N_A" })],
    ["a type that JavaScript knows", (body) => ({ ...body, access_token: token, token_type: "constructor" })],
    ["a type that JavaScript knows", (body) => ({ ...body, access_token: token, token_type: "__proto__" })],
    ["a type that is a number", (body) => ({ ...body, access_token: token, token_type: 5 })],
    ["a type that is a list", (body) => ({ ...body, access_token: token, token_type: ["Bearer"] })],
    ["a type that is two", (body) => ({ ...body, access_token: token, token_type: "Bearer DPoP" })],
    ["the type DPoP, unasked", (body) => ({ ...body, access_token: token, token_type: "DPoP" })],
    ["a list around it", (body) => [body]],
    ["a text around it", (body) => JSON.stringify(body)],
  ])("%s", async (_name, spoil) => {
    const as = await hostileServer({ tokenResponse: spoil });
    const victim = victimOf(as);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("token_request_failed");
    expectHarmless(error.message);
    expect(error.message.length).toBeLessThan(1000);
    expect([...victim.store.values.keys()].filter((key) => key.startsWith("tokens-"))).toEqual([]);
    expectNoSecret(victim, [...secretsOf(victim, as), token], error);
  });

  it("a type that is not bound, where that was asked for (D49-13)", async () => {
    const as = await hostileServer();
    const victim = victimOf(as, { dpop: true });
    const error = await failureOf(victim.call());
    expect(error).toMatchObject({ code: "token_request_failed" });
    expect(error.message).toContain("`dpop`");
    expectNoSecret(victim, secretsOf(victim, as), error);
  });
});

describe("a member that means nothing", () => {
  it.each<[string, unknown]>([
    ["negative", -1],
    ["zero", 0],
    ["huge", 1e300],
    ["larger than any number", "1e999"],
    ["a text", "soon"],
    ["a list", [3600]],
    ["an object", { seconds: 3600 }],
    ["null", null],
    ["yes", true],
    ["a text of no number", "NaN"],
    ["the name of infinity", "Infinity"],
    ["a negative text", "-3600"],
    ["in another base", "0x10"],
  ])(
    "expires_in that is %s: the token works, and is not thought to live for ever or to be dead",
    async (_name, value) => {
      const as = await hostileServer({ tokenResponse: (body) => ({ ...body, expires_in: value }) });
      const victim = victimOf(as);
      for (let calls = 0; calls < 3; calls += 1) expect((await victim.call()).status).toBe(200);
      expect(as.count("token")).toBe(1);
      const { expiresAt } = victim.oauth.getState();
      expect(expiresAt === undefined || Number.isFinite(expiresAt)).toBe(true);
      expect(new Date(expiresAt ?? 0).getTime()).not.toBeNaN();
      const { record } = recordIn(victim.store, "tokens");
      expect(record.value.tokens.expiresAt ?? null).toBe(expiresAt ?? null);
    },
  );

  it.each<[string, unknown]>([
    ["a list", ["mcp:read"]],
    ["an object", { scope: "mcp:read" }],
    ["a number", 7],
    ["empty", ""],
    ["white space", "  "],
  ])("scope that is %s: those asked for are taken for granted", async (_name, value) => {
    const as = await hostileServer({ tokenResponse: (body) => ({ ...body, scope: value }) });
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    expect(victim.oauth.getState().scope).toBe(victim.opened[0]?.searchParams.get("scope"));
  });

  it.each<[string, unknown]>([
    ["a number", 1234567],
    ["a list", ["refresh-token"]],
    ["an object", {}],
    ["empty", ""],
    ["null", null],
  ])("refresh_token that is %s: there is none", async (_name, value) => {
    const as = await hostileServer({ tokenResponse: (body) => ({ ...body, refresh_token: value }) });
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    expect(victim.oauth.getState().refreshable).toBe(false);
  });
});

describe("a scope that a server makes up", () => {
  it("with escapes of a terminal, or a line break, is shown without them", async () => {
    const hostile = "mcp:read \u001b]0;pwned\u0007 a\r\nb \u009b2J \u202ednif x";
    const as = await hostileServer({ tokenResponse: (body) => ({ ...body, scope: hostile }) });
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    const { scope = "" } = victim.oauth.getState();
    expectHarmless(scope);
    expect(scope.split(" ")).toContain("mcp:read");
    for (const event of victim.events) if (event.type === "token") expectHarmless(event.scope ?? "");
  });

  it("that is its own token is not shown", async () => {
    const as = await hostileServer({
      tokenResponse: (body) => ({ ...body, scope: `mcp:read ${body["access_token"]} ${body["refresh_token"]}` }),
    });
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    expectNoSecret(victim, secretsOf(victim, as));
  });

  it("without an end is bounded in what is shown, kept and asked for again", async () => {
    const long = Array.from({ length: 60_000 }, (_, index) => `scope-${index}`).join(" ");
    const as = await hostileServer({ tokenResponse: (body) => ({ ...body, scope: long }) });
    const victim = victimOf(as);
    expect((await victim.call()).status).toBe(200);
    expect(victim.oauth.getState().scope?.length).toBeLessThan(10_000);
  });
});

describe("the token that is sent", () => {
  it.each<[string, OAuthOptions]>([
    ["the code grant", {}],
    ["client credentials", { grant: "client_credentials", clientId: "c-1", clientSecret: "s3cr3t-s3cr3t" }],
  ])("of %s goes to the MCP endpoint alone, in one header, and in no URL", async (_name, options) => {
    const as = await hostileServer();
    if (options.grant !== undefined) {
      as.script.on = {
        token: ({ response }) =>
          void response
            .writeHead(200, { "content-type": "application/json" })
            .end(JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 60 })),
      };
    }
    const victim = victimOf(as, options);
    await victim.call();
    const carrying = as.requests.filter(({ headers }) => headers.authorization?.startsWith("Bearer "));
    expect(carrying.length).toBeGreaterThan(0);
    for (const { endpoint } of carrying) expect(endpoint).toBe("resource");
    expectNoSecret(victim, secretsOf(victim, as));
  });
});
