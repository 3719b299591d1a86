import { manualClock } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/credentials/memory-store.ts";
import type { CredentialStore } from "../../../src/credentials/store.ts";
import { SallyportError } from "../../../src/errors.ts";
import type { AuthEvent } from "../../../src/events.ts";
import type { Discovery } from "../../../src/oauth/discovery/discovery.ts";
import type { Engine, ObtainRequest } from "../../../src/oauth/engine.ts";
import { OAuthMessageError } from "../../../src/oauth/errors.ts";
import type { OAuthState } from "../../../src/oauth/state.ts";
import type { Grant } from "../../../src/oauth/tokens/grant.ts";
import { GrantRecords } from "../../../src/oauth/tokens/grant-records.ts";
import { TokenKeeper } from "../../../src/oauth/tokens/token-keeper.ts";
import { observable } from "../../../src/observable.ts";
import { failureOf } from "../../support/failure.ts";

const server = "https://mcp.example.com/mcp";
const discovery: Discovery = {
  resource: server,
  issuer: "https://as.example.com",
  server: { issuer: "https://as.example.com", token_endpoint: "https://as.example.com/token" },
};
const signal = new AbortController().signal;
const hour = 3_600_000;

/** An authorization server that rotates refresh tokens and ends the grant when an old one comes back (RFC 9700 §4.14). */
class Rotating {
  readonly clock = manualClock();
  issued = 0;
  refreshes = 0;
  signIns = 0;
  discoveries = 0;
  home: Discovery = discovery;
  current: string | undefined;
  fault: (() => Promise<void>) | undefined;
  scopes: string | undefined = "read";
  lifetime = hour;
  last: ObtainRequest | undefined;

  engine(): Engine {
    const engine: Partial<Engine> = {
      discover: async () => {
        this.discoveries += 1;
        await this.fault?.();
        return this.home;
      },
      obtain: async (request) => {
        this.signIns += 1;
        this.last = request;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return this.#issue(request.discovery, request.scope);
      },
      refresh: async (grant) => {
        this.refreshes += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        await this.fault?.();
        if (grant.tokens.refreshToken !== this.current) {
          this.current = undefined;
          throw new OAuthMessageError("refresh_failed", "It is dead.", { oauthError: "invalid_grant", status: 400 });
        }
        return this.#issue(grant.discovery, grant.requested);
      },
      stepUp: (previous, challenge) => [previous?.tokens.scope, challenge.scope].filter(Boolean).join(" "),
      dropRegistration: async () => {
        this.dropped += 1;
      },
      signOut: async () => {},
    };
    return engine as Engine;
  }
  dropped = 0;

  #issue(from: Discovery, requested: string | undefined): Grant {
    this.issued += 1;
    this.current = `refresh-${this.issued}`;
    const issuedAt = this.clock.now();
    const tokens = {
      accessToken: `access-${this.issued}`,
      tokenType: "bearer" as const,
      issuedAt,
      expiresAt: issuedAt + this.lifetime,
      refreshToken: this.current,
      ...(this.scopes === undefined ? {} : { scope: requested ?? this.scopes }),
    };
    return { discovery: from, clientId: "client-1", tokens, ...(requested === undefined ? {} : { requested }) };
  }
}

function keeperOf(
  as: Rotating,
  store: CredentialStore = memoryStore(),
  options: { onDemand?: boolean; attended?: boolean } = {},
) {
  const state = observable<OAuthState>({ status: "signed-out" });
  const statuses: string[] = [];
  const events: AuthEvent[] = [];
  state.subscribe(() => statuses.push(state.get().status));
  const records = new GrantRecords(store, server, "", { client: "" });
  const { onDemand = false, attended = true } = options;
  const keeper = new TokenKeeper({
    state,
    records,
    engine: async () => as.engine(),
    now: as.clock.now,
    unattended: false,
    attended,
    onDemand,
    onEvent: (event) => events.push(event),
  });
  const signIn = async (): Promise<Grant> => {
    const grant = await keeper.renew({ grant: undefined, challenge: { scheme: "bearer" } }, signal);
    if (grant === undefined) throw new Error("not signed in");
    keeper.accepted(grant);
    return grant;
  };
  return { keeper, state, statuses, events, records, signIn };
}

describe("TokenKeeper", () => {
  it("refreshes once for any number of waiters (REF-06, modelcontextprotocol/typescript-sdk#1813)", async () => {
    const as = new Rotating();
    const { keeper, signIn } = keeperOf(as);
    const first = await signIn();
    as.clock.advance(hour + 1);
    const grants = await Promise.all(Array.from({ length: 50 }, () => keeper.usable(signal)));
    expect(new Set(grants.map((grant) => grant?.tokens.accessToken))).toEqual(new Set(["access-2"]));
    expect(as.refreshes).toBe(1);
    const again = await Promise.all(
      Array.from({ length: 50 }, () => keeper.renew({ grant: first, challenge: undefined }, signal)),
    );
    expect(new Set(again)).toEqual(new Set([grants[0]]));
    expect(as.refreshes).toBe(1);
  });

  it("refreshes once for everybody who shares the store", async () => {
    const as = new Rotating();
    const store = memoryStore();
    await keeperOf(as, store).signIn();
    const others = Array.from({ length: 8 }, () => keeperOf(as, store).keeper);
    for (const other of others) await other.usable(signal);
    as.clock.advance(hour + 1);
    const grants = await Promise.all(others.flatMap((other) => [other.usable(signal), other.usable(signal)]));
    expect(new Set(grants.map((grant) => grant?.tokens.accessToken))).toEqual(new Set(["access-2"]));
    expect(as.refreshes).toBe(1);
    expect(as.signIns).toBe(1);
  });

  it("asks one person once when two processes want a sign-in", async () => {
    const as = new Rotating();
    const store = memoryStore();
    const [one, other] = await Promise.all([keeperOf(as, store).signIn(), keeperOf(as, store).signIn()]);
    expect(one.tokens).toEqual(other.tokens);
    expect(as.signIns).toBe(1);
  });

  it("uses a stored grant without discovery", async () => {
    const as = new Rotating();
    const store = memoryStore();
    await keeperOf(as, store).signIn();
    as.discoveries = 0;
    const later = keeperOf(as, store);
    expect((await later.keeper.usable(signal))?.tokens.accessToken).toBe("access-1");
    expect(as.discoveries).toBe(0);
    expect(later.state.get()).toMatchObject({ status: "authorized", issuer: discovery.issuer, refreshable: true });
  });

  it("renews ahead of expiry, and goes on with the old token while the server cannot answer", async () => {
    const as = new Rotating();
    const { keeper, signIn } = keeperOf(as);
    await signIn();
    as.clock.advance(hour - 30_000);
    as.fault = async () => {
      throw new OAuthMessageError("refresh_failed", "It is down.", { transient: true });
    };
    expect((await keeper.usable(signal))?.tokens.accessToken).toBe("access-1");
    as.fault = undefined;
    expect((await keeper.usable(signal))?.tokens.accessToken).toBe("access-2");
    as.clock.advance(hour + 1);
    as.fault = async () => {
      throw new OAuthMessageError("refresh_failed", "It is down.", { transient: true });
    };
    expect(await failureOf(keeper.usable(signal))).toMatchObject({ code: "refresh_failed" });
    as.fault = undefined;
    expect((await keeper.usable(signal))?.tokens.accessToken).toBe("access-3");
    expect(as.signIns).toBe(1);
  });

  it("signs in again when the refresh token is dead, and drops a registration that is (pains 5 and 6)", async () => {
    for (const oauthError of ["invalid_grant", "invalid_client"]) {
      const as = new Rotating();
      const { keeper, signIn } = keeperOf(as);
      const grant = await signIn();
      as.clock.advance(hour + 1);
      as.fault = async () => {
        as.fault = undefined;
        throw new OAuthMessageError("refresh_failed", "No.", { oauthError, status: 400 });
      };
      expect(await keeper.usable(signal)).toBeUndefined();
      const renewed = await keeper.renew({ grant: undefined, challenge: { scheme: "bearer" } }, signal);
      expect(renewed?.tokens.accessToken).not.toBe(grant.tokens.accessToken);
      expect([as.signIns, as.dropped]).toEqual([2, oauthError === "invalid_client" ? 1 : 0]);
    }
  });

  it("does not send a person round in circles when the server refuses what was just issued", async () => {
    const as = new Rotating();
    const { keeper } = keeperOf(as);
    const challenge = { scheme: "bearer" as const, error: "invalid_token" };
    const first = await keeper.renew({ grant: undefined, challenge }, signal);
    expect(await keeper.renew({ grant: first, challenge }, signal)).toBeUndefined();
    expect(as.signIns).toBe(1);
    as.clock.advance(6 * 60_000);
    expect(await keeper.renew({ grant: first, challenge }, signal)).toBeDefined();
  });

  it("leaves the tokens of an authorization server that the resource has left (BIND-04, DSC-06)", async () => {
    const as = new Rotating();
    const store = memoryStore();
    const { keeper, signIn } = keeperOf(as, store);
    const grant = await signIn();
    as.home = { ...discovery, issuer: "https://new.example", server: { issuer: "https://new.example" } };
    const moved = await keeper.renew({ grant, challenge: { scheme: "bearer", error: "invalid_token" } }, signal);
    expect(moved?.discovery.issuer).toBe("https://new.example");
    expect([as.refreshes, as.signIns]).toEqual([0, 2]);
    expect(as.last?.previous).toBe(grant);
    expect((await keeperOf(as, store).keeper.usable(signal))?.discovery.issuer).toBe("https://new.example");
  });

  it("keeps what was issued when the store fails, says so, and saves it later", async () => {
    const as = new Rotating();
    const inner = memoryStore();
    let full = false;
    const store: CredentialStore = {
      ...inner,
      set: async (key, value) => {
        if (full) throw new SallyportError("store_unavailable", "The disk is full.");
        return inner.set(key, value);
      },
    };
    const { keeper, signIn, state } = keeperOf(as, store);
    await signIn();
    as.clock.advance(hour + 1);
    full = true;
    expect(await failureOf(keeper.usable(signal))).toMatchObject({ code: "store_unavailable" });
    expect(state.get()).toMatchObject({ status: "failed" });
    expect(await failureOf(keeper.usable(signal))).toMatchObject({ code: "store_unavailable" });
    full = false;
    expect((await keeper.usable(signal))?.tokens.accessToken).toBe("access-2");
    expect(as.refreshes).toBe(1);
    expect((await keeperOf(as, inner).keeper.usable(signal))?.tokens.accessToken).toBe("access-2");
  });

  it("steps up by union, a bounded number of times, and not for what was refused (STEP-03 to STEP-06)", async () => {
    const as = new Rotating();
    const { keeper, signIn } = keeperOf(as);
    const grant = await signIn();
    const challenge = { scheme: "bearer" as const, error: "insufficient_scope", scope: "write" };
    const wider = await keeper.stepUp(grant, challenge, "POST /mcp", signal);
    expect(as.last?.scope).toBe("read write");
    expect(as.refreshes).toBe(0);
    expect(await keeper.stepUp(grant, challenge, "POST /mcp", signal)).toBe(wider);
    expect(await keeper.stepUp(wider, challenge, "POST /mcp", signal)).toBeDefined();
    expect(await keeper.stepUp(keeper && wider, { ...challenge, scope: "admin" }, "POST /mcp", signal)).toBeUndefined();
    expect(as.signIns).toBe(3);
  });

  it("gives up a sign-in that nobody waits for any more, and keeps it for those who do", async () => {
    const as = new Rotating();
    const { keeper } = keeperOf(as);
    const impatient = new AbortController();
    const one = keeper.renew({ grant: undefined, challenge: { scheme: "bearer" } }, impatient.signal);
    const other = keeper.renew({ grant: undefined, challenge: { scheme: "bearer" } }, signal);
    impatient.abort(new Error("no time"));
    await expect(one).rejects.toThrow("no time");
    expect((await other)?.tokens.accessToken).toBe("access-1");
  });

  it("hands a refusal over on demand, and says what is missing otherwise, when nobody can be asked", async () => {
    const as = new Rotating();
    const quiet = keeperOf(as, memoryStore(), { attended: false, onDemand: true });
    expect(await quiet.keeper.renew({ grant: undefined, challenge: { scheme: "bearer" } }, signal)).toBeUndefined();
    expect(as.discoveries).toBe(0);
    const loud = keeperOf(as, memoryStore(), { attended: false });
    const failure = await failureOf(loud.keeper.renew({ grant: undefined, challenge: undefined }, signal));
    expect(failure).toMatchObject({ code: "authorization_required" });
    expect((failure as Error).message).toContain(discovery.issuer);
    expect(loud.state.get()).toEqual({ status: "failed", error: failure });
    expect(loud.events).toEqual([
      { type: "oauth_failed", code: "authorization_required", message: (failure as Error).message },
    ]);
  });

  it.each([true, false])("says that a sign-in has ended when nobody can be asked: on demand %s", async (onDemand) => {
    const as = new Rotating();
    const store = memoryStore();
    await keeperOf(as, store).signIn();
    as.current = undefined;
    const { keeper } = keeperOf(as, store, { attended: false, onDemand });
    const grant = await keeper.usable(signal);
    const failure = await failureOf(keeper.renew({ grant, challenge: { scheme: "bearer" } }, signal));
    expect(grant).toBeDefined();
    expect(failure).toMatchObject({ code: "authorization_required" });
  });

  it("goes through its states in order", async () => {
    const as = new Rotating();
    const { keeper, statuses, signIn } = keeperOf(as);
    await signIn();
    as.clock.advance(hour + 1);
    await keeper.usable(signal);
    await keeper.signOut(true, undefined);
    expect(statuses).toEqual(["discovering", "authorizing", "authorized", "refreshing", "authorized", "signed-out"]);
    expect(await keeper.usable(signal)).toBeUndefined();
  });

  it.each(["server-", "tokens-", "pending-"])("signs out where %s… is damaged, as the error advises", async (kind) => {
    const as = new Rotating();
    const store = memoryStore();
    const keys = new Set<string>();
    const watched = {
      ...store,
      set: async (key: string, value: string) => {
        keys.add(key);
        await store.set(key, value);
      },
    };
    const { records, signIn } = keeperOf(as, watched);
    const grant = await signIn();
    const authorization = {
      state: "state-1",
      verifier: "verifier-1",
      issuer: discovery.issuer,
      clientId: grant.clientId,
      redirectUri: "http://127.0.0.1:8080/callback",
      createdAt: as.clock.now(),
    };
    await records.begin({ discovery, authorization }, as.clock.now());
    for (const key of keys) if (key.startsWith(kind)) await store.set(key, "{");
    const next = keeperOf(as, store);
    await next.keeper.signOut(true, undefined);
    expect(next.state.get()).toEqual({ status: "signed-out" });
    expect(await next.keeper.usable(signal)).toBeUndefined();
    const again = await next.signIn();
    expect(again.tokens.accessToken).toBe("access-2");
    expect(await next.records.begun("state-1", as.clock.now())).toBeUndefined();
  });

  it("does not say that it signed out when the store could not forget", async () => {
    const down = async () => {
      throw new SallyportError("store_unavailable", "It is down.");
    };
    const { keeper } = keeperOf(new Rotating(), { ...memoryStore(), get: down, delete: down });
    expect((await failureOf(keeper.signOut(true, undefined))).code).toBe("store_unavailable");
  });
});
