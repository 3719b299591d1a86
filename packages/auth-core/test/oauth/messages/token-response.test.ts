/** What becomes of token responses: RFC 6749 §5.1, RFC 9449 §5, REF-04 to REF-06, and what no token response may do. */
import { describe, expect, it } from "vitest";
import { messageError } from "../../../src/oauth/messages/message.ts";
import { readTokenResponse, type TokenExpectation, tidied } from "../../../src/oauth/messages/token-response.ts";
import type { TokenSet } from "../../../src/oauth/tokens/token-set.ts";
import { failureOf } from "../../support/failure.ts";

const server = { issuer: "https://as.example", token_endpoint: "https://as.example/token" };
const client = { client_id: "client-1" };
const sentAt = Date.UTC(2026, 0, 1);
const expected: TokenExpectation = { sentAt, scope: "read write", bound: false };
const issued = { access_token: "access-1", token_type: "Bearer" };

function read(body: unknown, expectation: Partial<TokenExpectation> = {}, init?: ResponseInit): Promise<TokenSet> {
  const response = body instanceof Response ? body : Response.json(body, init);
  return readTokenResponse(server, client, response, { ...expected, ...expectation }).catch((error: unknown) => {
    throw messageError(error, "token_request_failed", "The token request");
  });
}

describe("tokens", () => {
  it("are kept with absolute times (pain 7)", async () => {
    const body = { ...issued, expires_in: 3600, refresh_token: "refresh-1", scope: "read" };
    expect(await read(body)).toEqual({
      accessToken: "access-1",
      tokenType: "bearer",
      expiresAt: sentAt + 3_600_000,
      refreshToken: "refresh-1",
      scope: "read",
      issuedAt: sentAt,
    });
  });

  it("may come with next to nothing: the scopes are those asked for, the end is unknown (REF-04)", async () => {
    expect(await read(issued)).toEqual({
      accessToken: "access-1",
      tokenType: "bearer",
      scope: "read write",
      issuedAt: sentAt,
    });
    expect(await read(issued, { scope: undefined })).not.toHaveProperty("scope");
  });

  it.each(["bearer", "BEARER", "Bearer"])("are of a type in any case: %s", async (token_type) => {
    expect((await read({ ...issued, token_type })).tokenType).toBe("bearer");
  });

  it.each([
    [3600, 3_600_000],
    ["3600", 3_600_000],
    ["3599.5", 3_599_500],
    [0.5, 500],
    [1e300, 315_360_000_000],
    ["9".repeat(300), 315_360_000_000],
  ])("expire in %j seconds", async (expires_in, milliseconds) => {
    const { expiresAt } = await read({ ...issued, expires_in });
    expect(expiresAt).toBe(sentAt + milliseconds);
    expect(Number.isNaN(new Date(expiresAt ?? Number.NaN).valueOf())).toBe(false);
  });

  it.each([0, -1, "", " ", "soon", "1e3", "-5", "0x10", true, [], [60], {}, null])(
    "expire nobody knows when: %j",
    async (expires_in) => {
      expect(await read({ ...issued, expires_in })).not.toHaveProperty("expiresAt");
    },
  );

  it("expire nobody knows when: a number that JSON has and JavaScript does not", async () => {
    const body = '{"access_token":"access-1","token_type":"Bearer","expires_in":1e999}';
    const response = new Response(body, { headers: { "content-type": "application/json" } });
    expect(await read(response)).not.toHaveProperty("expiresAt");
  });
});

describe("a refresh token", () => {
  const refreshToken = "refresh-0";

  it("is replaced by another (REF-05)", async () => {
    expect(await read({ ...issued, refresh_token: "refresh-1" }, { refreshToken })).toMatchObject({
      refreshToken: "refresh-1",
    });
  });

  it.each([undefined, null, "", " ", 7, {}])("is kept when there is no other: %j (REF-06)", async (refresh_token) => {
    expect(await read({ ...issued, refresh_token }, { refreshToken })).toMatchObject({ refreshToken: "refresh-0" });
    expect(await read({ ...issued, refresh_token })).not.toHaveProperty("refreshToken");
  });
});

it.each([undefined, null, "", " ", 7, ["read"]])("a scope that is none is the one asked for: %j", async (scope) => {
  expect((await read({ ...issued, scope })).scope).toBe("read write");
});

describe("an ID token", () => {
  it.each(["e30.e30.e30", "not a JWT", "", null, 7, {}])(
    "is not looked at, and does not spoil the access token: %j",
    async (id_token) => {
      expect(await read({ ...issued, id_token })).toMatchObject({ accessToken: "access-1" });
    },
  );

  it("is not kept", async () => {
    expect(JSON.stringify(await read({ ...issued, id_token: "e30.e30.e30" }))).not.toContain("e30");
  });
});

describe("the type of a token", () => {
  it.each(["mac", "N_A", "", "Bearer ", "urn:ietf:params:oauth:token-type:jwt", 1, null, undefined])(
    "is refused that nobody asked for: %j",
    async (token_type) => {
      const error = await failureOf(read({ access_token: "access-1", token_type }));
      expect(error.code).toBe("token_request_failed");
      expect(error.message).not.toContain("access-1");
    },
  );

  it.each(["__proto__", "constructor", "toString"])(
    "is refused that is the name of something else: %s",
    async (type) => {
      expect((await failureOf(read({ ...issued, token_type: type }))).code).toBe("token_request_failed");
    },
  );

  it("is DPoP when a key was proven", async () => {
    expect((await read({ ...issued, token_type: "DPoP" }, { bound: true })).tokenType).toBe("dpop");
  });

  it("is not Bearer when a key was proven: anybody could use the token (D49-13)", async () => {
    const error = await failureOf(read(issued, { bound: true }));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toContain("not bound to the key");
    expect(error.message).not.toContain("access-1");
  });

  it("is not DPoP when no key was proven: nobody could use the token", async () => {
    const error = await failureOf(read({ ...issued, token_type: "DPoP" }));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toContain("though no key was proven");
  });
});

describe("no tokens are in", () => {
  it.each([
    ["an empty object", {}],
    ["null", null],
    ["a list of them", [issued]],
    ["a text", "access-1"],
    ["a number for a token", { ...issued, access_token: 7 }],
    ["an empty token", { ...issued, access_token: "" }],
    ["a nested token", { tokens: issued }],
  ])("%s", async (_name, body) => {
    const error = await failureOf(read(body));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).not.toContain("access-1");
  });

  it.each([
    ["HTML", new Response("<p>access-1</p>", { headers: { "content-type": "text/html" } })],
    ["half an answer", new Response('{"access_token":"access-1', { headers: { "content-type": "application/json" } })],
    ["nothing", new Response(null, { status: 204 })],
    ["an error with tokens in it", Response.json(issued, { status: 400 })],
    ["a redirect with tokens in it", Response.json(issued, { status: 302, headers: { location: "/" } })],
  ])("%s", async (_name, response) => {
    const error = await failureOf(read(response));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).not.toContain("access-1");
  });

  it.each(["a\r\nX-Injected: 1", "a\nb", "a\u0000b", "a\u007f", "t\u0142oken", " access-1", "access-1 "])(
    "a token that no header can carry: %j",
    async (access_token) => {
      const error = await failureOf(read({ ...issued, access_token }));
      expect(error.code).toBe("token_request_failed");
      expect(error.message).toMatch(/^"https:\/\/as\.example" issued a token that (?:contains|begins)/);
      expect(error.message).not.toContain(access_token);
    },
  );
});

describe("a tidied response", () => {
  it("holds what is used of it and nothing else", async () => {
    const body = { ...issued, issued_token_type: "urn:x", id_token: "e30.e30.e30", account: "person@example.org" };
    const response = await tidied(Response.json(body, { headers: { "dpop-nonce": "n-1", "content-length": "999" } }));
    expect(await response.json()).toEqual({ ...issued, issued_token_type: "urn:x" });
    expect(response.headers.get("dpop-nonce")).toBe("n-1");
    expect(response.headers.has("content-length")).toBe(false);
  });

  it.each([Response.json({ error: "invalid_grant" }, { status: 400 }), new Response("text"), Response.json([1])])(
    "is the response itself where there is nothing to tidy",
    async (response) => {
      expect(await tidied(response)).toBe(response);
      expect(response.bodyUsed).toBe(false);
    },
  );
});
