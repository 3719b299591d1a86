/**
 * Tokens that are bound to a key (RFC 9449), with nonces from both servers: the MCP server verifies each proof with another
 * library than the one that makes them.
 */

import type { ProtectedMcpServer, TestAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { memoryStore as newStore } from "../../../src/index.ts";
import type { DpopKeyStore } from "../../../src/oauth/dpop/key-store.ts";
import { sdks } from "../../mcp/sessions.ts";
import { failureOf } from "../../support/failure.ts";
import { client, decoded, lastToken, requestsTo, servers } from "./setup.ts";

/** The proofs that a server was sent. */
const proofsTo = (requests: TestAuthorizationServer["requests"] | ProtectedMcpServer["requests"]) =>
  requests.flatMap(({ headers }) => (typeof headers["dpop"] === "string" ? [decoded(headers["dpop"])] : []));

describe.each(sdks)("over $name", (sdk) => {
  it.each(["v1", "v2"] as const)(
    "signs in to a server on SDK %s that wants nonces, as its authorization server does",
    async (line) => {
      const { as, mcp } = await servers({ dpop: "nonce" }, { dpop: "nonce", sdk: line });
      const { session } = client(mcp, { dpop: true }, { sdk });
      const result = await session.callTool("echo", { text: "bound" });
      expect(result.content).toEqual([{ type: "text", text: "bound" }]);
      const { scheme, verified } = await lastToken(as, mcp);
      expect(scheme).toBe("DPoP");
      expect(verified?.keyThumbprint).toMatch(/^[\w-]{43}$/);
      // One request without a token, one without the nonce; all others are right at once (D49-09, DP-02).
      expect(mcp.calls.filter(({ status }) => status === 401).map(({ error }) => error)).toEqual([
        undefined,
        "use_dpop_nonce",
      ]);
      expect(requestsTo(as, "token").map(({ status }) => status)).toEqual([400, 200]);
      mcp.renewNonce();
      await session.callTool("echo", { text: "again" });
      expect(mcp.calls.filter(({ error }) => error === "use_dpop_nonce")).toHaveLength(2);
      const proofs = proofsTo(mcp.requests);
      expect(new Set(proofs.map(({ claims }) => claims["jti"])).size).toBe(proofs.length);
      expect(new Set(proofs.map(({ header }) => JSON.stringify(header["jwk"]))).size).toBe(1);
    },
  );
});

it("is used where the metadata of the resource requires it, and where it is configured, and nowhere else", async () => {
  const required = await servers({}, { dpop: "required" });
  await client(required.mcp).session.connect();
  expect((await lastToken(required.as, required.mcp)).scheme).toBe("DPoP");
  const open = await servers();
  await client(open.mcp).session.connect();
  expect((await lastToken(open.as, open.mcp)).scheme).toBe("Bearer");
  expect(proofsTo([...open.as.requests])).toEqual([]);
});

describe("algorithms", () => {
  it.each([
    { configured: undefined, advertised: undefined, used: "ES256" },
    { configured: undefined, advertised: ["RS256", "ES256", "Ed25519"], used: "ES256" },
    { configured: undefined, advertised: ["RS256", "Ed25519"], used: "Ed25519" },
    { configured: "Ed25519", advertised: undefined, used: "Ed25519" },
    { configured: "Ed25519", advertised: ["ES256", "EdDSA"], used: "EdDSA" },
    { configured: "PS256", advertised: ["ES256", "PS256"], used: "PS256" },
    { configured: "RS256", advertised: ["ES256", "RS256"], used: "RS256" },
  ])(
    "uses $used when $configured is configured and the server has $advertised",
    async ({ configured, advertised, used }) => {
      const { as, mcp } = await servers(
        {
          dpop: "nonce",
          changeMetadata: (metadata) =>
            advertised === undefined ? metadata : { ...metadata, dpop_signing_alg_values_supported: advertised },
        },
        { dpop: "required" },
      );
      const store = newStore();
      const dpop = configured === undefined ? true : { algorithm: configured };
      await client(mcp, { dpop }, { store }).session.connect();
      for (const { header } of [...proofsTo(as.requests), ...proofsTo(mcp.requests)]) {
        expect(header).toMatchObject({ typ: "dpop+jwt", alg: used });
      }
      // The key is kept with the tokens: a later session is bound to it, for calls and for the refresh.
      as.expireAccessTokens();
      const before = proofsTo(mcp.requests).length;
      await client(mcp, { dpop }, { store }).session.connect();
      expect(requestsTo(as, "token", "refresh_token").at(-1)?.status).toBe(200);
      const [first, last] = [proofsTo(mcp.requests)[0], proofsTo(mcp.requests).at(-1)];
      expect(proofsTo(mcp.requests).length).toBeGreaterThan(before);
      expect(last?.header["jwk"]).toEqual(first?.header["jwk"]);
      expect(last?.header["alg"]).toBe(used);
    },
  );

  it("says which ones the server has when it has not the configured one", async () => {
    const { mcp } = await servers({
      changeMetadata: (metadata) => ({ ...metadata, dpop_signing_alg_values_supported: ["ES384"] }),
    });
    const error = await failureOf(client(mcp, { dpop: { algorithm: "ES256" } }).session.connect());
    expect(error).toMatchObject({ code: "auth_unsupported" });
    expect(error.message).toContain("ES384");
  });
});

describe("proofs", () => {
  it("name method, URL and token of their own request (D49-01 to D49-05)", async () => {
    const { as, mcp } = await servers({}, { dpop: "required" });
    await client(mcp, { dpop: true }).session.connect();
    const [redeeming] = proofsTo(requestsTo(as, "token"));
    expect(redeeming?.claims).toMatchObject({ htm: "POST", htu: `${as.issuer}/token`, jti: expect.any(String) });
    expect(redeeming?.claims).not.toHaveProperty("ath");
    const [calling] = proofsTo(mcp.requests);
    expect(calling?.claims).toMatchObject({ htm: "POST", htu: mcp.url, ath: expect.any(String) });
    expect(Object.keys(calling?.header["jwk"] ?? {}).sort()).toEqual(["crv", "kty", "x", "y"]);
    // Nothing but token requests is proven at the authorization server.
    const others = as.requests.filter(({ endpoint }) => endpoint !== "token");
    expect(proofsTo(others)).toEqual([]);
  });

  it("are made with another key for another sign-in", async () => {
    const { as, mcp } = await servers({}, { dpop: "required" });
    await client(mcp, { dpop: true }).session.connect();
    await client(mcp, { dpop: true }).session.connect();
    const keys = proofsTo(requestsTo(as, "token")).map(({ header }) => JSON.stringify(header["jwk"]));
    expect(new Set(keys).size).toBe(2);
  });
});

it("refreshes bound tokens with the same key in the same session, nonces and all", async () => {
  const { as, mcp } = await servers({ dpop: "nonce" }, { dpop: "nonce" });
  const { session } = client(mcp, { dpop: true });
  await session.connect();
  const before = (await lastToken(as, mcp)).verified?.keyThumbprint;
  for (let round = 0; round < 2; round += 1) {
    as.expireAccessTokens();
    await session.callTool("echo", { text: "still here" });
  }
  expect(as.count("token", "refresh_token", 200)).toBe(2);
  expect(as.count("token", "refresh_token", 400)).toBe(0);
  expect((await lastToken(as, mcp)).verified?.keyThumbprint).toBe(before);
});

it("throws away a token that is not bound although it should be (D49-13)", async () => {
  const { mcp } = await servers({ dpop: "off" });
  const error = await failureOf(client(mcp, { dpop: true }).session.connect());
  expect(error).toMatchObject({ code: "token_request_failed" });
  expect(error.message).toContain("not bound");
  expect(mcp.calls.every(({ token }) => token === undefined)).toBe(true);
});

describe("a platform that keeps keys", () => {
  function keyStore(): DpopKeyStore & { readonly pairs: Map<string, CryptoKeyPair> } {
    const pairs = new Map<string, CryptoKeyPair>();
    return {
      pairs,
      get: async (name) => pairs.get(name),
      set: async (name, pair) => void pairs.set(name, pair),
      delete: async (name) => void pairs.delete(name),
    };
  }

  it("has a key that cannot be exported; the credential store has none of it (DP-06)", async () => {
    const { as, mcp } = await servers({ dpop: "nonce" }, { dpop: "nonce" });
    const [store, dpopKeys] = [newStore(), keyStore()];
    const written: string[] = [];
    const set = (key: string, value: string): Promise<void> => {
      written.push(value);
      return store.set(key, value);
    };
    const watched = { ...store, set };
    const { session } = client(mcp, { dpop: true }, { store: watched, dpopKeys });
    await session.connect();
    const [pair] = dpopKeys.pairs.values();
    expect(pair?.privateKey.extractable).toBe(false);
    const { d: _, ...publicHalf } = await crypto.subtle.exportKey("jwk", pair?.publicKey as CryptoKey);
    expect(written.length).toBeGreaterThan(0);
    expect(written.join()).not.toContain(publicHalf.x);
    expect(written.join()).not.toContain("dpopKey");

    // After a restart the key is found there.
    as.expireAccessTokens();
    const later = client(mcp, { dpop: true }, { store, dpopKeys }).session;
    await later.connect();
    expect(as.count("token", "refresh_token", 200)).toBe(1);
    expect(dpopKeys.pairs.size).toBe(1);
    expect(proofsTo(mcp.requests).at(-1)?.header["jwk"]).toMatchObject({ x: publicHalf.x });

    await later.oauth?.signOut();
    expect(dpopKeys.pairs.size).toBe(0);
  });

  it("that has lost the key: the person signs in again", async () => {
    const { as, mcp } = await servers({}, { dpop: "required" });
    const [store, dpopKeys] = [newStore(), keyStore()];
    await client(mcp, { dpop: true }, { store, dpopKeys }).session.connect();
    dpopKeys.pairs.clear();
    const later = client(mcp, { dpop: true }, { store, dpopKeys }).session;
    await later.connect();
    expect(as.count("token", "authorization_code", 200)).toBe(2);
    expect((await lastToken(as, mcp)).verified?.keyThumbprint).toBeDefined();
  });
});
