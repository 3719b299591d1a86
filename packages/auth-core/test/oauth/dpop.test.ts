/** Proof of possession: RFC 9449 §4 to §9; DP-01, DP-02, DP-06, D49-01, D49-09, D49-13. */
import { createHash } from "node:crypto";
import { genericTokenEndpointRequest, None } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import type { DpopKeyStore } from "../../src/oauth/dpop/key-store.ts";
import { createDpop, type DpopProver } from "../../src/oauth/dpop.ts";
import { requestOptions } from "../../src/oauth/messages/message.ts";
import { answering, decodeJwt, isSignedBy } from "../support/authorization-server.ts";
import { failureOf } from "../support/failure.ts";

const at = Date.UTC(2026, 0, 1);
const now = (): number => at;
const url = "https://mcp.example:8443/mcp?token=1#part";
const accessToken = "access-token-1";

const proofOf = async (prover: DpopProver, to: string = url, method = "POST") =>
  decodeJwt(await prover.proof({ method, url: to, accessToken }));
const nonce = (text: string): Response => new Response(null, { headers: { "dpop-nonce": text } });

describe("a proof for a resource", () => {
  it("says all that D49-01 asks for, and no more", async () => {
    const { header, claims } = await proofOf(await createDpop({ now }));
    expect(header).toEqual({
      typ: "dpop+jwt",
      alg: "ES256",
      jwk: { kty: "EC", crv: "P-256", x: expect.any(String), y: expect.any(String) },
    });
    expect(claims).toEqual({
      jti: expect.stringMatching(/^[\w-]{43}$/),
      htm: "POST",
      htu: "https://mcp.example:8443/mcp",
      iat: at / 1000,
      ath: createHash("sha256").update(accessToken).digest("base64url"),
    });
  });

  it("is signed by the key in it", async () => {
    const proof = await (await createDpop({ now })).proof({ method: "GET", url: new URL(url), accessToken });
    const { jwk } = decodeJwt(proof).header as { jwk: JsonWebKey };
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
    expect(await isSignedBy(proof, key, { name: "ECDSA", hash: "SHA-256" })).toBe(true);
  });

  it("is a new one every time (DP-01)", async () => {
    const prover = await createDpop({ now });
    const proofs = await Promise.all(Array.from({ length: 10 }, () => proofOf(prover)));
    expect(new Set(proofs.map(({ claims }) => claims["jti"])).size).toBe(10);
  });

  it("with a token that no header can carry is an error that does not show it", async () => {
    const prover = await createDpop({ now });
    const error = await failureOf(prover.proof({ method: "GET", url, accessToken: "very-secret\nx" }));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toBe("The access token contains a line break, which a header cannot carry.");
  });

  it("is for its method and URL in their normal form", async () => {
    const { claims } = await proofOf(await createDpop({ now }), "HTTP://LOCALHOST:80/a%2fb", "get");
    expect(claims).toMatchObject({ htm: "GET", htu: "http://localhost/a%2fb" });
  });
});

describe("a nonce", () => {
  it("of a resource goes into the next proofs to its origin, until there is a newer one (D49-09)", async () => {
    const prover = await createDpop({ now });
    prover.learn(url, nonce("n-1"));
    expect((await proofOf(prover)).claims["nonce"]).toBe("n-1");
    expect((await proofOf(prover, "https://mcp.example:8443/other")).claims["nonce"]).toBe("n-1");
    expect((await proofOf(prover, "https://mcp.example/mcp")).claims).not.toHaveProperty("nonce");
    prover.learn(url, new Response());
    expect((await proofOf(prover)).claims["nonce"]).toBe("n-1");
    prover.learn(url, nonce("n-2"));
    expect((await proofOf(prover)).claims["nonce"]).toBe("n-2");
  });

  it.each([
    ["has a space", "a b"],
    ["has a quote", 'a"b'],
    ["has no end", "a".repeat(1025)],
    ["is empty", ""],
  ])("is not taken when it %s", async (_name, text) => {
    const prover = await createDpop({ now });
    prover.learn(url, nonce(text));
    expect((await proofOf(prover)).claims).not.toHaveProperty("nonce");
  });

  it("is kept for the origins that were met last", async () => {
    const prover = await createDpop({ now });
    for (let i = 0; i < 30; i += 1) prover.learn(`https://${i}.example/`, nonce(`n-${i}`));
    expect((await proofOf(prover, "https://0.example/")).claims).not.toHaveProperty("nonce");
    expect((await proofOf(prover, "https://29.example/")).claims["nonce"]).toBe("n-29");
  });

  it("of the authorization server is its own, even on the same origin (DP-02)", async () => {
    const dpop = await createDpop({ now });
    const server = { issuer: "https://mcp.example:8443", token_endpoint: "https://mcp.example:8443/token" };
    const context = {
      ...answering(Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": "as-1" } })),
      dpop,
    };
    const send = () =>
      genericTokenEndpointRequest(server, { client_id: "c" }, None(), "g", {}, requestOptions(context));
    dpop.learn(server.issuer, nonce("rs-1"));
    await send();
    await send();
    const [first, second] = context.sent.map(({ headers }) => decodeJwt(headers.get("dpop") ?? "").claims);
    expect(first).toEqual({ jti: expect.any(String), htm: "POST", htu: server.token_endpoint, iat: at / 1000 });
    expect(second).toMatchObject({ nonce: "as-1" });
    expect(second?.["jti"]).not.toBe(first?.["jti"]);
    expect((await proofOf(dpop, server.issuer)).claims["nonce"]).toBe("rs-1");
  });
});

describe("the algorithm", () => {
  it.each([
    [undefined, undefined, "ES256"],
    [undefined, ["RS256", "ES256"], "ES256"],
    [undefined, ["RS256", "PS256"], "PS256"],
    [undefined, ["EdDSA"], "EdDSA"],
    [undefined, ["RS256", "EdDSA", "Ed25519"], "Ed25519"],
    ["ES384", undefined, "ES384"],
    ["ES512", undefined, "ES512"],
    ["RS384", ["RS384"], "RS384"],
    ["Ed25519", ["EdDSA"], "EdDSA"],
  ])("for %s where the server supports %j is %s", async (algorithm, supported, alg) => {
    const prover = await createDpop({ algorithm, supported, now });
    expect(prover.algorithm).toBe(alg);
    expect((await proofOf(prover)).header["alg"]).toBe(alg);
  });

  it("that the server does not have is an error that names those it has", async () => {
    const one = await failureOf(createDpop({ algorithm: "ES512", supported: ["ES256", "PS256", "HS256"], now }));
    expect(one.code).toBe("auth_unsupported");
    expect(one.message).toContain("Set `dpop.algorithm` to one that it supports: ES256, PS256.");
    const none = await failureOf(createDpop({ supported: ["HS256", "none"], now }));
    expect(none.code).toBe("auth_unsupported");
    expect(none.message).toContain("Turn `dpop` off");
  });
});

describe("a key that is stored", () => {
  it.each(["ES256", "ES384", "Ed25519", "PS256", "RS512"])("is the same key again: %s", async (algorithm) => {
    const made = await createDpop({ algorithm, now });
    const stored = await made.export();
    const again = await createDpop({ stored, now });
    expect(again.algorithm).toBe(algorithm);
    expect(await again.thumbprint()).toBe(await made.thumbprint());
    expect(await again.export()).toBe(stored);
    expect((await proofOf(again)).header["jwk"]).toEqual((await proofOf(made)).header["jwk"]);
  });

  it("is used whatever else is asked for: tokens are bound to it", async () => {
    const stored = await (await createDpop({ now })).export();
    expect((await createDpop({ stored, algorithm: "ES384", supported: ["RS256"], now })).algorithm).toBe("ES256");
  });

  it("has the thumbprint of RFC 7638", async () => {
    const prover = await createDpop({ now });
    const { crv, kty, x, y } = (await proofOf(prover)).header["jwk"] as JsonWebKey;
    const digest = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
    expect(await prover.thumbprint()).toBe(digest);
  });

  it.each([
    ["no JSON", "very-secret"],
    ["null", "null"],
    ["another JWK", '{"kty":"oct","k":"very-secret"}'],
    ["half a key", '{"kty":"EC","crv":"P-256","x":"a","y":"b"}'],
    ["a broken key", '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"very-secret"}'],
  ])("and damaged (%s) is an error that does not show it", async (_name, stored) => {
    const error = await failureOf(createDpop({ stored, now }));
    expect(error.code).toBe("store_unavailable");
    expect(`${error.message}${error.cause}`).not.toContain("very-secret");
  });

  it("and lacks its private half is an error", async () => {
    const { d: _private, key_ops: _uses, ...half } = JSON.parse((await (await createDpop({ now })).export()) ?? "");
    expect((await failureOf(createDpop({ stored: JSON.stringify(half), now }))).code).toBe("store_unavailable");
  });
});

describe("a key that cannot be exported (DP-06)", () => {
  function memory(): DpopKeyStore & { readonly pairs: Map<string, CryptoKeyPair> } {
    const pairs = new Map<string, CryptoKeyPair>();
    return {
      pairs,
      get: async (name) => pairs.get(name),
      set: async (name, pair) => void pairs.set(name, pair),
      delete: async (name) => void pairs.delete(name),
    };
  }

  it("is made once for its name, and never leaves the platform", async () => {
    const keys = memory();
    const first = await createDpop({ kept: { keys, name: "a" }, now });
    expect(keys.pairs.get("a")?.privateKey.extractable).toBe(false);
    expect(await first.export()).toBeUndefined();
    const again = await createDpop({ kept: { keys, name: "a" }, now });
    expect(await again.thumbprint()).toBe(await first.thumbprint());
    const other = await createDpop({ kept: { keys, name: "b" }, now });
    expect(await other.thumbprint()).not.toBe(await first.thumbprint());
    expect((await proofOf(again)).claims["htm"]).toBe("POST");
  });

  it("and was replaced by something else is an error", async () => {
    const keys = memory();
    keys.pairs.set("a", { publicKey: {}, privateKey: {} } as CryptoKeyPair);
    expect((await failureOf(createDpop({ kept: { keys, name: "a" }, now }))).code).toBe("store_unavailable");
  });

  it("gives way to one that is stored with the tokens", async () => {
    const keys = memory();
    const stored = await (await createDpop({ now })).export();
    expect(await (await createDpop({ stored, kept: { keys, name: "a" }, now })).export()).toBe(stored);
    expect(keys.pairs.size).toBe(0);
  });
});
