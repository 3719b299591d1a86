/** Whoever writes to the store, and records that might be taken for others: BIND-01 to BIND-04, BIND-08. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialKey } from "../../../src/credentials/keys.ts";
import { CredentialRecord } from "../../../src/credentials/records.ts";
import { failureOf } from "../../support/failure.ts";
import {
  expectNoSecret,
  hostileServer,
  openStore,
  recordIn,
  type Stored,
  secretsOf,
  sentTo,
  type Victim,
  victimOf,
} from "./setup.ts";

/** Somebody who is signed in. */
async function signedIn() {
  const server = await hostileServer();
  const victim = victimOf(server);
  expect((await victim.call()).status).toBe(200);
  return { server, victim, secrets: secretsOf(victim, server) };
}

async function edit(store: Victim["store"], kind: string, change: (record: Stored) => void): Promise<void> {
  const { key, record } = recordIn(store, kind);
  change(record);
  await store.set(key, JSON.stringify(record));
}

/** Nothing that was kept went anywhere but to the server that it belongs to. */
function expectNothingLeft(victim: Victim, own: { readonly url: string }): void {
  expect(victim.asked.filter((url) => !url.startsWith(own.url))).toEqual([]);
}

describe("a record that says it belongs to somebody else", () => {
  it.each<[string, string, string, unknown]>([
    ["server", "owner", "server", "https://evil.example/mcp"],
    ["server", "owner", "account", "mallory"],
    ["server", "owner", "issuer", "https://evil.example"],
    ["tokens", "owner", "issuer", "https://evil.example"],
    ["tokens", "owner", "resource", "https://evil.example/mcp"],
    ["tokens", "owner", "clientId", "another"],
    ["tokens", "owner", "account", "mallory"],
    ["tokens", "owner", "more", "than there is"],
    ["tokens", "owner", "resource", null],
    ["tokens", "owner", "resource", ["a"]],
  ])("%s: %s.%s is an error, and no credential", async (kind, part, name, value) => {
    const { server, victim, secrets } = await signedIn();
    await edit(victim.store, kind, (record) => {
      record[part][name] = value;
    });
    const later = victimOf(server, { kept: victim.store });
    const requests = server.requests.length;
    const error = await failureOf(later.call());
    expect(error.code).toBe("store_unavailable");
    expect(error.message).toContain("Sign out");
    expect(server.requests).toHaveLength(requests);
    expectNoSecret(later, secrets, error);
  });

  it("under the key of another server is not sent to that", async () => {
    const [one, two] = [await signedIn(), await signedIn()];
    for (const kind of ["server", "tokens"]) {
      const foreign = one.victim.store.values.get(recordIn(one.victim.store, kind).key) ?? "";
      await two.victim.store.set(recordIn(two.victim.store, kind).key, foreign);
    }
    const later = victimOf(two.server, { kept: two.victim.store });
    const error = await failureOf(later.call());
    expect(error.code).toBe("store_unavailable");
    const got = JSON.stringify(two.server.requests.map(({ headers, params }) => [headers, params]));
    for (const secret of one.secrets) expect(got).not.toContain(secret);
  });

  it("can be got rid of by signing out, and then in again", async () => {
    const { server, victim } = await signedIn();
    await edit(victim.store, "tokens", (record) => {
      record.owner.issuer = "https://evil.example";
    });
    const later = victimOf(server, { kept: victim.store });
    expect(await failureOf(later.call())).toMatchObject({ code: "store_unavailable" });
    await later.oauth.signOut();
    expect((await later.call()).status).toBe(200);
  });
});

describe("where tokens come from, edited", () => {
  it.each<[string, (discovery: Stored) => void]>([
    [
      "to another issuer",
      (discovery) => {
        discovery.issuer = "https://evil.example";
        discovery.server.issuer = "https://evil.example";
      },
    ],
    [
      "to another resource",
      (discovery) => {
        discovery.resource = "https://evil.example/mcp";
      },
    ],
  ])("%s, leads to no tokens: another sign-in is made, at the server's own", async (_name, change) => {
    const { server, victim, secrets } = await signedIn();
    await edit(victim.store, "server", ({ value }) => change(value.discovery));
    const later = victimOf(server, { kept: victim.store });
    const before = server.requests.length;
    expect((await later.call()).status).toBe(200);
    expect(later.opened).toHaveLength(1);
    expectNothingLeft(later, server);
    const got = JSON.stringify(server.requests.slice(before).map(({ headers, params }) => [headers, params]));
    for (const secret of secrets) expect(got).not.toContain(secret);
  });

  it("so that both issuers in it differ, is an error", async () => {
    const { server, victim } = await signedIn();
    await edit(victim.store, "server", ({ value }) => {
      value.discovery.issuer = "https://evil.example";
    });
    expect(await failureOf(victimOf(server, { kept: victim.store }).call())).toMatchObject({
      code: "store_unavailable",
    });
  });

  it.each([
    ["plain http", "http://evil.example/token"],
    ["a metadata service", "https://169.254.169.254/token"],
    ["a private name", "https://vault.internal/token"],
    ["a script", "javascript:alert(1)"],
    ["no URL", "token"],
    ["a number", 5],
    ["a list", ["https://evil.example/token"]],
    ["nothing", undefined],
  ])("to a token endpoint that is %s, sends nothing there", async (_name, endpoint) => {
    const { server, victim, secrets } = await signedIn();
    await edit(victim.store, "server", ({ value }) => {
      value.discovery.server.token_endpoint = endpoint;
    });
    const later = victimOf(server, { kept: victim.store, now: () => Date.now() + 2 * 3_600_000 });
    const error = await failureOf(later.call());
    expect(["insecure_url", "store_unavailable", "refresh_failed"]).toContain(error.code);
    expectNothingLeft(later, server);
    expectNoSecret(later, secrets, error);
  });

  it.each<[string, (value: Stored) => void]>([
    ["scopes that are a text", ({ discovery }) => (discovery.scopesSupported = "mcp:read")],
    ["scopes that are numbers", ({ discovery }) => (discovery.scopesSupported = [1, {}])],
    ["methods that are a text", ({ discovery }) => (discovery.server.code_challenge_methods_supported = "S256")],
    ["a client that is a number", (value) => (value.clientId = 5)],
    ["no client", (value) => delete value.clientId],
    ["no metadata", ({ discovery }) => delete discovery.server],
    ["metadata that is a list", ({ discovery }) => (discovery.server = [])],
    ["a resource that is a list", ({ discovery }) => (discovery.resource = [])],
    [
      "a prototype",
      (value) => Object.defineProperty(value, "__proto__", { value: { clientId: "x" }, enumerable: true }),
    ],
  ])("with %s is an error of ours or works, and never a crash", async (_name, change) => {
    const { server, victim } = await signedIn();
    await edit(victim.store, "server", ({ value }) => void change(value));
    const later = victimOf(server, { kept: victim.store, now: () => Date.now() + 2 * 3_600_000 });
    server.expireAccessTokens();
    const outcome = await later.call().catch(async (error) => failureOf(Promise.reject(error)));
    expect(outcome instanceof Response ? outcome.status : outcome.code).toSatisfy((it) =>
      [200, "store_unavailable"].includes(it as string),
    );
  });
});

describe("tokens, edited", () => {
  it.each<[string, (tokens: Stored) => void]>([
    ["to one with a second header", (tokens) => (tokens.accessToken = "token-1234\r\nx-injected: 1")],
    ["to one that is a list", (tokens) => (tokens.accessToken = ["token-1234"])],
    ["to one that is empty", (tokens) => (tokens.accessToken = "")],
    ["to another type", (tokens) => (tokens.tokenType = "mac")],
    ["to one that JavaScript knows", (tokens) => (tokens.tokenType = "__proto__")],
    ["to a bound one, of which there is no key", (tokens) => (tokens.tokenType = "dpop")],
    ["to an end that is a text", (tokens) => (tokens.expiresAt = "later")],
    ["to a refresh token that is a number", (tokens) => (tokens.refreshToken = 7)],
    ["to no time of issue", (tokens) => delete tokens.issuedAt],
  ])("%s are none, and the error does not quote them", async (_name, change) => {
    const { server, victim, secrets } = await signedIn();
    await edit(victim.store, "tokens", ({ value }) => void change(value.tokens));
    const later = victimOf(server, { kept: victim.store });
    const before = server.requests.length;
    const error = await failureOf(later.call());
    expect(["store_unavailable", "token_request_failed"]).toContain(error.code);
    expect(JSON.stringify(server.requests.slice(before).map(({ headers }) => headers))).not.toContain("injected");
    expectNoSecret(later, [...secrets, "token-1234"], error);
  });

  it.each(["", "{", "null", "[]", "5", '{"owner":{},"value":{}}', '"text"', "\u0000", `{"a":${"[".repeat(50_000)}`])(
    "to %j are an error that does not quote the store",
    async (text) => {
      const { server, victim, secrets } = await signedIn();
      await victim.store.set(recordIn(victim.store, "tokens").key, text);
      const later = victimOf(server, { kept: victim.store });
      const error = await failureOf(later.call());
      expect(error.code).toBe("store_unavailable");
      expectNoSecret(later, secrets, error);
    },
  );
});

describe("a registration, edited", () => {
  it.each<[string, (registration: Stored) => void]>([
    ["to another issuer", (registration) => (registration.issuer = "https://evil.example")],
    ["to redirect URIs of somebody else", (registration) => (registration.redirectUris = ["https://evil.example/"])],
    ["to redirect URIs that are a text", (registration) => (registration.redirectUris = "https://evil.example/")],
    ["to a method that is a number", (registration) => (registration.authenticationMethod = 5)],
    ["to a method that is not known", (registration) => (registration.authenticationMethod = "tls_client_auth")],
    ["to an end that is a text", (registration) => (registration.secretExpiresAt = "later")],
    ["to scopes that are a list", (registration) => (registration.scope = ["mcp:read"])],
    ["to a client that is a list", (registration) => (registration.clientId = ["c"])],
  ])("%s sends nothing elsewhere, and crashes nothing", async (_name, change) => {
    const { server, victim } = await signedIn();
    await edit(victim.store, "client", ({ value }) => {
      for (const registration of value.registrations ?? [value]) change(registration);
    });
    for (const kind of ["tokens", "server"]) await victim.store.delete(recordIn(victim.store, kind).key);
    const later = victimOf(server, { kept: victim.store });
    const outcome = await later.call().catch(async (error) => failureOf(Promise.reject(error)));
    expect(outcome instanceof Response ? outcome.status : outcome.code).toSatisfy((it) =>
      [200, "store_unavailable"].includes(it as string),
    );
    expectNothingLeft(later, server);
    for (const { params } of sentTo(server, "authorization")) expect(params["redirect_uri"]).not.toContain("evil");
  });
});

describe("a sign-in that has begun, edited", () => {
  it.each<[string, (signIn: Stored) => void]>([
    ["to a client that is a number", ({ authorization }) => (authorization.clientId = 5)],
    ["to no redirect URI", ({ authorization }) => delete authorization.redirectUri],
    ["to scopes that are a list", ({ authorization }) => (authorization.scope = [])],
    ["to a verifier that is a number", ({ authorization }) => (authorization.verifier = 5)],
    ["to no metadata", (signIn) => delete signIn.discovery],
    ["to a token endpoint inside", ({ discovery }) => (discovery.server.token_endpoint = "https://10.0.0.1/token")],
    ["to a token endpoint that is a list", ({ discovery }) => (discovery.server.token_endpoint = [])],
    ["to another issuer", ({ authorization }) => (authorization.issuer = "https://evil.example")],
    ["to one that began in another year", ({ authorization }) => (authorization.createdAt = 0)],
    ["to one that has not begun", ({ authorization }) => (authorization.createdAt = 1e15)],
  ])("%s gets no token, and crashes nothing", async (_name, change) => {
    const server = await hostileServer();
    let callback: URL | undefined;
    const victim = victimOf(server, {
      interaction: {
        open: async () => ({
          redirectUri: "http://127.0.0.1/callback",
          async authorize(url) {
            callback = await server.signIn(url);
            throw new Error("later");
          },
          close: async () => {},
        }),
      },
    });
    await expect(victim.call()).rejects.toThrow("later");
    await edit(victim.store, "pending", ({ value }) => void change(value.signIns[0]));
    const later = victimOf(server, { kept: victim.store });
    const error = await failureOf(later.oauth.finishSignIn(callback ?? expect.unreachable()));
    expect([
      "store_unavailable",
      "state_mismatch",
      "issuer_mismatch",
      "insecure_url",
      "token_request_failed",
    ]).toContain(error.code);
    expect(server.count("token")).toBe(0);
    expectNothingLeft(later, server);
    expectNoSecret(later, secretsOf(victim, server), error);
  });
});

/** Whether UTF-8 keeps a text as it is. */
const isWellFormed = (text: string): boolean => new TextDecoder().decode(new TextEncoder().encode(text)) === text;

describe("a key", () => {
  it("is another one for every other list of parts", async () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("1", ":", ",", "a", "https://", "/", "\u0000") }),
    );
    const parts = fc.array(part, { maxLength: 5 });
    const kinds = fc.constantFrom("server" as const, "tokens" as const);
    await fc.assert(
      fc.asyncProperty(kinds, parts, kinds, parts, async (kind, left, other, right) => {
        // Half surrogates are no characters of a URL; the record itself tells them apart.
        fc.pre([...left, ...right].every(isWellFormed));
        const [one, two] = await Promise.all([credentialKey(kind, left), credentialKey(other, right)]);
        expect(one === two).toBe(JSON.stringify([kind, left]) === JSON.stringify([other, right]));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[readonly string[], readonly string[]]>([
    [["a", "b"], ["ab"]],
    [["a,1:b"], ["a", "b"]],
    [
      ["", "a"],
      ["a", ""],
    ],
    [
      ["https://a.example", "/b"],
      ["https://a.example/", "b"],
    ],
    [["https://a.example"], ["https://a.example/"]],
    [["https://a.example"], ["https://A.example"]],
    [["é"], ["e\u0301"]],
  ])("of %j is not that of %j", async (left, right) => {
    expect(await credentialKey("tokens", left)).not.toBe(await credentialKey("tokens", right));
  });

  it("is a whole hash: nobody finds two servers with one key by trying", async () => {
    const key = await credentialKey("tokens", ["https://mcp.example"]);
    expect(key).toMatch(/^tokens-[0-9a-f]{64}$/);
  });
});

describe("two servers whose URLs collide", () => {
  /** Two URLs of one hash, found by trying. */
  function collision(hash: (url: string) => string): readonly [string, string] {
    const seen = new Map<string, string>();
    for (let count = 0; ; count += 1) {
      const url = `https://mcp.example/tenants/${count}/mcp`;
      const other = seen.get(hash(url));
      if (other !== undefined) return [other, url];
      seen.set(hash(url), url);
    }
  }

  it.each(["sha256", "md5", "sha1"])("under the first 32 bits of %s have records of their own", async (algorithm) => {
    const short = (url: string) => createHash(algorithm).update(url).digest("hex").slice(0, 8);
    const [one, two] = collision(short);
    expect(short(one)).toBe(short(two));
    const store = openStore();
    const recordOf = (server: string) =>
      new CredentialRecord<{ of?: unknown }>(store, "server", { server }, (value) => value);
    await recordOf(one).write({ of: "one" });
    expect(await recordOf(two).read()).toBeUndefined();
    await recordOf(two).write({ of: "two" });
    expect(await recordOf(one).read()).toEqual({ of: "one" });
  });

  it("in all but the port have tokens of their own, in one store", async () => {
    const kept = openStore();
    const [one, two] = [await hostileServer(), await hostileServer()];
    for (const each of [one, two]) expect((await victimOf(each, { kept }).call()).status).toBe(200);
    expect([...kept.values.keys()].filter((key) => key.startsWith("tokens-"))).toHaveLength(2);
    const tokens = [one, two].map((each) => sentTo(each, "resource").map(({ headers }) => headers.authorization));
    expect(tokens[0]?.at(-1)).not.toBe(tokens[1]?.at(-1));
    for (const each of tokens) expect(each).toEqual([undefined, expect.any(String)]);
  });
});
