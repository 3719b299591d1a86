/** The keys of one server's tokens: DP-01, DP-06, R28-07. */
import { describe, expect, it } from "vitest";
import { SallyportError } from "../../../src/errors.ts";
import type { Discovery } from "../../../src/oauth/discovery/discovery.ts";
import type { DpopKeyStore } from "../../../src/oauth/dpop/key-store.ts";
import { DpopProvers } from "../../../src/oauth/dpop/provers.ts";
import type { OAuthOptions } from "../../../src/oauth/options.ts";
import type { Grant } from "../../../src/oauth/tokens/grant.ts";
import { failureOf } from "../../support/failure.ts";

const issuer = "https://as.example";
const discovery: Discovery = { resource: "https://mcp.example/mcp", issuer, server: { issuer } };
const now = () => Date.UTC(2026, 0, 1);
const keysOf = (options: OAuthOptions) => new DpopProvers(options, now);

const grantWith = (dpopKey: string | undefined, more: Partial<Grant> = {}): Grant => ({
  discovery,
  clientId: "client-1",
  tokens: { accessToken: "access-1", tokenType: "dpop", issuedAt: 0 },
  ...(dpopKey && { dpopKey }),
  ...more,
});

/** A platform that keeps keys. */
function platform(): DpopKeyStore & { readonly pairs: Map<string, CryptoKeyPair>; fault: boolean } {
  const pairs = new Map<string, CryptoKeyPair>();
  return {
    pairs,
    fault: false,
    async get(name) {
      if (this.fault) throw new SallyportError("store_unavailable", "It is locked.");
      return pairs.get(name);
    },
    async set(name, pair) {
      pairs.set(name, pair);
    },
    async delete(name) {
      pairs.delete(name);
    },
  };
}

describe("DpopProvers", () => {
  it.each<[OAuthOptions["dpop"], boolean | undefined, boolean]>([
    [undefined, undefined, false],
    [undefined, true, true],
    [false, true, false],
    [true, undefined, true],
    [{ algorithm: "ES384" }, undefined, true],
    [{}, undefined, true],
  ])("makes a key when that is configured, or else required (dpop: %j, required: %j)", async (dpop, required, made) => {
    const prover = await keysOf(dpop === undefined ? {} : { dpop }).make(
      { ...discovery, ...(required && { dpopRequired: true }) },
      "client-1",
    );
    expect(prover !== undefined).toBe(made);
  });

  it("makes the algorithm that is configured", async () => {
    expect((await keysOf({ dpop: { algorithm: "ES384" } }).make(discovery, "client-1"))?.algorithm).toBe("ES384");
  });

  it("makes another key for each sign-in", async () => {
    const keys = keysOf({ dpop: true });
    const [one, two] = [await keys.make(discovery, "client-1"), await keys.make(discovery, "client-1")];
    expect(await one?.thumbprint()).not.toBe(await two?.thumbprint());
  });

  it("proves with the key that was just made, which knows the nonces", async () => {
    const keys = keysOf({ dpop: true });
    const made = await keys.make(discovery, "client-1");
    expect(await keys.of(grantWith(await made?.export()))).toBe(made);
  });

  it("proves with the key that is kept with the tokens", async () => {
    const made = await keysOf({ dpop: true }).make(discovery, "client-1");
    const grant = grantWith(await made?.export());
    const keys = keysOf({});
    const prover = await keys.of(grant);
    expect(await prover.thumbprint()).toBe(await made?.thumbprint());
    expect(await keys.of({ ...grant })).toBe(prover);
  });

  it("takes another key when somebody else has signed in anew", async () => {
    const grants = await Promise.all(
      [1, 2].map(async () => grantWith(await (await keysOf({ dpop: true }).make(discovery, "client-1"))?.export())),
    );
    const keys = keysOf({});
    const [one, two] = [await keys.of(grants[0] as Grant), await keys.of(grants[1] as Grant)];
    expect(await one.thumbprint()).not.toBe(await two.thumbprint());
  });

  it("leaves the key to a platform that keeps keys, under a name of its own for each", async () => {
    const keys = platform();
    const made = await keysOf({ dpop: true, dpopKeys: keys }).make(discovery, "client-1");
    expect(await made?.export()).toBeUndefined();
    const found = await keysOf({ dpopKeys: keys }).of(grantWith(undefined));
    expect(await found.thumbprint()).toBe(await made?.thumbprint());

    for (const [options, at, clientId] of [
      [{ account: "other" }, discovery, "client-1"],
      [{}, discovery, "client-2"],
      [{}, { ...discovery, resource: "https://mcp.example/other" }, "client-1"],
      [{}, { ...discovery, issuer: "https://other.example" }, "client-1"],
    ] as const) {
      await keysOf({ dpop: true, dpopKeys: keys, ...options }).make(at, clientId);
    }
    expect(keys.pairs.size).toBe(5);
  });

  it("forgets a key with the tokens", async () => {
    const store = platform();
    const keys = keysOf({ dpop: true, dpopKeys: store });
    const made = await keys.make(discovery, "client-1");
    await keys.forget(grantWith(undefined));
    expect(store.pairs.size).toBe(0);
    expect(await (await keys.make(discovery, "client-1"))?.thumbprint()).not.toBe(await made?.thumbprint());
  });

  it("does not remember that a key could not be read", async () => {
    const store = platform();
    const keys = keysOf({ dpop: true, dpopKeys: store });
    const made = await keys.make(discovery, "client-1");
    const next = keysOf({ dpopKeys: store });
    store.fault = true;
    expect((await failureOf(next.of(grantWith(undefined)))).code).toBe("store_unavailable");
    store.fault = false;
    expect(await (await next.of(grantWith(undefined))).thumbprint()).toBe(await made?.thumbprint());
  });

  it("says that a key was damaged, and nothing of it", async () => {
    const made = await keysOf({ dpop: true }).make(discovery, "client-1");
    const { d = "", ...rest } = JSON.parse((await made?.export()) ?? "{}") as JsonWebKey;
    for (const damaged of ["{", "null", JSON.stringify(rest), JSON.stringify({ ...rest, d: d.slice(2) })]) {
      const failure = await failureOf(keysOf({}).of(grantWith(damaged)));
      expect(failure.code).toBe("store_unavailable");
      expect(failure.message).not.toContain(d.slice(2, 12));
    }
  });
});
