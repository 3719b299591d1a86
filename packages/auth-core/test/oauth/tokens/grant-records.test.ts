/** What a sign-in leaves in the store: BIND-01, BIND-08, ISS-01, AUT-04; pains 4, 7 and 22. */
import { manualClock } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/credentials/memory-store.ts";
import type { CredentialStore } from "../../../src/credentials/store.ts";
import type { Discovery } from "../../../src/oauth/discovery/discovery.ts";
import type { Grant } from "../../../src/oauth/tokens/grant.ts";
import { GrantRecords, type PendingSignIn } from "../../../src/oauth/tokens/grant-records.ts";
import { failureOf } from "../../support/failure.ts";

const serverUrl = "https://mcp.example/mcp";
const issuer = "https://as.example";
const discovery: Discovery = { resource: serverUrl, issuer, server: { issuer, token_endpoint: `${issuer}/token` } };
const now = Date.UTC(2026, 0, 1);

const grant: Grant = {
  discovery,
  clientId: "client-1",
  requested: "read write",
  dpopKey: '{"kty":"EC"}',
  tokens: {
    accessToken: "access-1",
    tokenType: "dpop",
    issuedAt: now,
    expiresAt: now + 3_600_000,
    refreshToken: "refresh-1",
    scope: "read",
  },
};

const signIn = (state: string, createdAt = now): PendingSignIn => ({
  discovery,
  authorization: {
    state,
    verifier: `verifier-of-${state}`,
    issuer,
    clientId: "client-1",
    redirectUri: "http://127.0.0.1:8080/callback",
    createdAt,
  },
});

/** A stored value, for tests that damage it. */
interface Stored extends Record<string, unknown> {
  tokens: Record<string, unknown>;
  discovery: Record<string, unknown>;
}

const recordsOf = (store: CredentialStore, { server = serverUrl, account = "", identity = {} } = {}) =>
  new GrantRecords(store, server, account, identity);

/** A store whose one record of a kind a test can change. */
function open() {
  const values = new Map<string, string>();
  const store: CredentialStore = {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
    withLock: memoryStore().withLock,
  };
  const change = (kind: string, edit: (value: never) => void): void => {
    for (const [key, text] of values) {
      if (!key.startsWith(kind)) continue;
      const record = JSON.parse(text);
      edit(record.value as never);
      values.set(key, JSON.stringify(record));
    }
  };
  return { store, values, change };
}

describe("a grant", () => {
  it("is read as it was written, by whoever shares the store (pain 7)", async () => {
    const store = memoryStore();
    expect(await recordsOf(store).load()).toBeUndefined();
    await recordsOf(store).save(grant);
    expect(await recordsOf(store).load()).toEqual(grant);
  });

  it("is read as it was written without what it may lack", async () => {
    const store = memoryStore();
    const { requested: _, dpopKey: __, ...rest } = grant;
    const least: Grant = { ...rest, clientId: "", tokens: { accessToken: "a", tokenType: "bearer", issuedAt: now } };
    await recordsOf(store).save(least);
    expect(await recordsOf(store).load()).toEqual(least);
  });

  it.each([
    { server: "https://mcp.example/other" },
    { server: `${serverUrl}/` },
    { account: "somebody else" },
    { identity: { client: "client-2" } },
  ])("is not that of %j", async (other) => {
    const store = memoryStore();
    await recordsOf(store).save(grant);
    expect(await recordsOf(store, other).load()).toBeUndefined();
  });

  it("lies apart from another of the same server, by issuer, resource and client (BIND-08)", async () => {
    const { store, values } = open();
    const records = recordsOf(store);
    const others = [
      grant,
      { ...grant, clientId: "client-2" },
      { ...grant, discovery: { ...discovery, resource: "https://mcp.example" } },
      { ...grant, discovery: { ...discovery, issuer: `${issuer}/`, server: { issuer: `${issuer}/` } } },
    ];
    for (const each of others) await records.save(each);
    expect([...values.keys()].filter((key) => key.startsWith("tokens-"))).toHaveLength(4);
    expect(await records.load()).toEqual(others[3]);
  });

  it("is gone with its tokens, and what is known of the server stays", async () => {
    const { store, values } = open();
    const records = recordsOf(store);
    await records.save(grant);
    await records.dropTokens(grant);
    expect(await records.load()).toBeUndefined();
    expect([...values.keys()].map((key) => key.split("-")[0])).toEqual(["server"]);
  });

  it("is forgotten with all that belongs to it, and registrations stay", async () => {
    const { store, values } = open();
    const records = recordsOf(store);
    await records.save(grant);
    await records.begin(signIn("one"), now);
    const registration = { issuer, clientId: "client-1", redirectUris: [], registeredAt: now } as never;
    await records.registrations(issuer, "", "").write({ registrations: [registration] });
    await records.forget(grant);
    expect([...values.keys()].map((key) => key.split("-")[0])).toEqual(["client"]);
  });

  it.each<[string, string, (value: Stored) => void]>([
    ["no token", "tokens", (value) => delete value.tokens["accessToken"]],
    ["an empty token", "tokens", (value) => Object.assign(value.tokens, { accessToken: "" })],
    ["another type", "tokens", (value) => Object.assign(value.tokens, { tokenType: "mac" })],
    ["no time", "tokens", (value) => Object.assign(value.tokens, { issuedAt: "now" })],
    ["an end that is none", "tokens", (value) => Object.assign(value.tokens, { expiresAt: null })],
    ["a refresh token that is none", "tokens", (value) => Object.assign(value.tokens, { refreshToken: 1 })],
    ["a scope that is none", "tokens", (value) => Object.assign(value.tokens, { scope: ["read"] })],
    ["a key that is none", "tokens", (value) => Object.assign(value, { dpopKey: {} })],
    ["no client", "server", (value) => delete value["clientId"]],
    ["no resource", "server", (value) => delete value.discovery["resource"]],
    ["no server", "server", (value) => delete value.discovery["server"]],
    ["another issuer", "server", (value) => Object.assign(value.discovery, { issuer: "https://evil.example" })],
  ])("with %s is none", async (_, kind, edit) => {
    const { store, change } = open();
    await recordsOf(store).save(grant);
    change(kind, edit as never);
    expect((await failureOf(recordsOf(store).load())).code).toBe("store_unavailable");
  });
});

describe("a sign-in that has begun", () => {
  it("is found by its state until it ends, by whoever shares the store (pain 4)", async () => {
    const store = memoryStore();
    await recordsOf(store).begin(signIn("one"), now);
    await recordsOf(store).begin(signIn("two"), now);
    expect(await recordsOf(store).begun("one", now)).toEqual(signIn("one"));
    await recordsOf(store).end("one", now);
    expect(await recordsOf(store).begun("one", now)).toBeUndefined();
    expect(await recordsOf(store).begun("two", now)).toEqual(signIn("two"));
  });

  it.each([{ server: "https://mcp.example/other" }, { account: "other" }, { identity: { client: "client-2" } }])(
    "is not one of %j",
    async (other) => {
      const store = memoryStore();
      await recordsOf(store).begin(signIn("one"), now);
      expect(await recordsOf(store, other).begun("one", now)).toBeUndefined();
    },
  );

  it("is over after half an hour, and when the clock says that it has not begun yet", async () => {
    const records = recordsOf(memoryStore());
    const clock = manualClock(now);
    await records.begin(signIn("one"), now);
    clock.advance(30 * 60_000 - 1);
    expect(await records.begun("one", clock.now())).toBeDefined();
    clock.advance(1);
    expect(await records.begun("one", clock.now())).toBeUndefined();
    expect(await records.begun("one", now - 30 * 60_000)).toBeUndefined();
  });

  it("takes the place of the oldest of many", async () => {
    const records = recordsOf(memoryStore());
    for (let number = 1; number <= 9; number += 1) await records.begin(signIn(`sign-in ${number}`), now);
    expect(await records.begun("sign-in 1", now)).toBeUndefined();
    for (let number = 2; number <= 9; number += 1) {
      expect(await records.begun(`sign-in ${number}`, now)).toBeDefined();
    }
  });

  it("does not undo another that begins at the same time (punkpeye/mcp-remote#306)", async () => {
    const store = memoryStore();
    const states = ["a", "b", "c", "d", "e"];
    await Promise.all(states.map((state) => recordsOf(store).begin(signIn(state), now)));
    for (const state of states) expect(await recordsOf(store).begun(state, now)).toEqual(signIn(state));
    await Promise.all(states.map((state) => recordsOf(store).end(state, now)));
    for (const state of states) expect(await recordsOf(store).begun(state, now)).toBeUndefined();
  });

  it("leaves nothing when the last one has ended", async () => {
    const { store, values } = open();
    await recordsOf(store).begin(signIn("one"), now);
    await recordsOf(store).end("one", now);
    expect(values.size).toBe(0);
  });

  it.each<[string, (authorization: Record<string, unknown>) => void]>([
    ["another issuer than its server's (ISS-01)", (it) => Object.assign(it, { issuer: "https://evil.example" })],
    ["no verifier", (it) => delete it["verifier"]],
    ["an empty state", (it) => Object.assign(it, { state: "" })],
    ["no client", (it) => delete it["clientId"]],
    ["no redirect URI", (it) => delete it["redirectUri"]],
    ["no time", (it) => delete it["createdAt"]],
  ])("with %s is none", async (_, edit) => {
    const { store, change } = open();
    await recordsOf(store).begin(signIn("one"), now);
    change("pending", (value: { signIns: [{ authorization: Record<string, unknown> }] }) =>
      edit(value.signIns[0].authorization),
    );
    expect((await failureOf(recordsOf(store).begun("one", now))).code).toBe("store_unavailable");
  });
});

describe("locks", () => {
  it("let one sign in at a time per server, and one renew at a time per grant", async () => {
    const store = memoryStore();
    const [one, two] = [recordsOf(store), recordsOf(store)];
    const order: string[] = [];
    const section = (name: string) => async () => {
      order.push(`${name} in`);
      await Promise.resolve();
      order.push(`${name} out`);
    };
    await Promise.all([one.signingIn(section("one")), two.signingIn(section("two"))]);
    await Promise.all([one.renewing(grant, section("three")), two.renewing({ ...grant }, section("four"))]);
    expect(order).toEqual(["one", "two", "three", "four"].flatMap((name) => [`${name} in`, `${name} out`]));
    // What is renewed during a sign-in waits for nobody.
    await one.signingIn(() => one.renewing(grant, async () => {}));
  });
});
