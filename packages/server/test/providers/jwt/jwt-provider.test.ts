import { answerHtml, answerJson, answerStatus, manualClock } from "@sallyport/testkit";
import fc from "fast-check";
import { base64url, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BearerAuthProvider, createAuthGate, type JwtProviderOptions, jwtProvider } from "../../../src/index.ts";
import { type Issuer, resource, type TestKey, testIssuer, testKey } from "../../issuer.ts";
import { scripted } from "../../scripted.ts";
import { verifyWith as verify } from "../../verify-with.ts";

let issuer: Issuer;
beforeAll(async () => {
  issuer = await testIssuer();
});
afterAll(() => issuer.close());
beforeEach(() => {
  issuer.keys = [issuer.key.jwk];
  for (const path of Object.keys(issuer.on)) delete issuer.on[path];
});

const provider = (options: Partial<JwtProviderOptions> = {}): BearerAuthProvider =>
  jwtProvider({ issuer: issuer.url, audience: resource, ...options });

const now = (): number => Math.floor(Date.now() / 1000);

describe("a good token", () => {
  test("is verified with the keys that the issuer's metadata names", async () => {
    const exp = now() + 60;
    const token = await verify(provider(), await issuer.sign({ exp, scope: "mail.read mail.send", client_id: "c1" }));
    expect(token?.subject).toBe("ada");
    expect(token?.scopes).toEqual(["mail.read", "mail.send"]);
    expect(token?.expiresAt).toBe(exp);
    expect(token?.claims["client_id"]).toBe("c1");
  });

  test.each([
    ["a list of audiences", { aud: ["https://other.example.com", resource] }],
    ["`scp` as a list", { scope: undefined, scp: ["mail.read"] }],
    ["`permissions`", { scope: undefined, permissions: ["mail.read"] }],
    ["a clock that is a little ahead", { nbf: now() + 3, iat: now() + 3 }],
  ])("may have %s", async (_name, claims) => {
    expect((await verify(provider(), await issuer.sign(claims)))?.scopes).toEqual(["mail.read"]);
  });

  test.each(["application/at+jwt", "AT+JWT"])("may have the type %s (J68-01)", async (typ) => {
    expect(await verify(provider(), await issuer.sign({}, { typ }))).not.toBeNull();
  });

  test("is verified once, and not beyond its end", async () => {
    const clock = manualClock(Date.now());
    const jwt = provider({ now: clock.now, cache: { maxAgeMs: 1_000_000 } });
    const token = await issuer.sign({ exp: now() + 100 });
    const first = await verify(jwt, token);
    expect(first).not.toBeNull();
    expect(await verify(jwt, token)).toBe(first);
    clock.advance(100_000);
    expect(await verify(jwt, token)).toBeNull();
  });

  test("may come from an issuer that does not name its keys (RFC 7515 §4.1.4)", async () => {
    const other = await testKey("ES256", "key-2");
    issuer.keys = [other.jwk, issuer.key.jwk].map(({ kid: _, ...jwk }) => jwk);
    expect(await verify(provider(), await issuer.sign({}, { kid: undefined as never }))).not.toBeNull();
    const stranger = await testKey();
    expect(await verify(provider(), await issuer.sign({}, { kid: undefined as never }, stranger))).toBeNull();
  });

  test.each(["RS256", "PS256", "ES384", "EdDSA"])("may be signed with %s", async (alg) => {
    const key = await testKey(alg);
    issuer.keys = [key.jwk];
    expect(await verify(provider(), await issuer.sign({}, {}, key))).not.toBeNull();
    if (alg !== "RS256")
      expect(await verify(provider({ algorithms: ["RS256"] }), await issuer.sign({}, {}, key))).toBeNull();
  });
});

describe("a token is not valid (J68-02 to J68-07, TOK-05)", () => {
  const claims: Record<string, Record<string, unknown>> = {
    "of a foreign issuer": { iss: "https://foreign.example.com" },
    "of an issuer that differs by a slash": { iss: "ISSUER/" },
    "without an issuer": { iss: undefined },
    "for another server": { aud: "https://other.example.com/mcp" },
    "for a server whose name begins alike": { aud: `${resource}/admin` },
    "for nobody": { aud: undefined },
    "for something that is no text": { aud: { 0: resource } },
    "that has ended": { exp: now() - 1 },
    "without an end": { exp: undefined },
    "with an end that is text": { exp: String(now() + 300) },
    "with an end that is a list": { exp: [now() + 300] },
    "with null for an end": { exp: null },
    "that begins later": { nbf: now() + 60 },
    "with a beginning that is text": { nbf: "0" },
    "issued an hour from now": { iat: now() + 3600 },
  };
  test.each(Object.entries(claims))("%s", async (_name, changed) => {
    if (changed["iss"] === "ISSUER/") changed["iss"] = `${issuer.url}/`;
    expect(await verify(provider(), await issuer.sign(changed))).toBeNull();
  });

  test.each([
    ["an ID token", { typ: "JWT" }],
    ["a token without a type", { typ: undefined }],
    ["a logout token", { typ: "logout+jwt" }],
    ["an unknown critical parameter", { crit: ["x"], x: 1 } as never],
    ["an unencoded payload (RFC 7797)", { crit: ["b64"], b64: false } as never],
  ])("with the header of %s", async (_name, header) => {
    const { crit, b64: _, ...rest } = header as Record<string, unknown>;
    const signed = await issuer.sign({}, rest as never);
    // jose does not sign what it does not know, so the header is changed and signed by hand.
    const token = crit === undefined ? signed : await signByHand(issuer.key, { ...header }, signed);
    expect(await verify(provider(), token)).toBeNull();
  });

  test("with `alg` none, in any spelling", async () => {
    const [, payload] = (await issuer.sign()).split(".");
    for (const alg of ["none", "None", "NONE", "nOnE"]) {
      const header = base64url.encode(JSON.stringify({ alg, typ: "at+jwt", kid: "key-1" }));
      for (const signature of ["", "AA"]) {
        expect(await verify(provider(), `${header}.${payload}.${signature}`)).toBeNull();
      }
    }
  });

  test("signed with HS256 and the public key as the secret", async () => {
    const rsa = await testKey("RS256");
    issuer.keys = [rsa.jwk];
    const secrets = [JSON.stringify(rsa.jwk), rsa.jwk.n ?? "", await pem(rsa)];
    for (const secret of secrets) {
      const token = await new SignJWT({ iss: issuer.url, aud: resource, exp: now() + 60 })
        .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: "key-1" })
        .sign(new TextEncoder().encode(secret));
      expect(await verify(provider(), token)).toBeNull();
    }
    expect(() => provider({ algorithms: ["HS256"] })).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(() => provider({ algorithms: ["none"] })).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(() => provider({ algorithms: [] })).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  test("signed with a key that it brings along, or says where to find", async () => {
    const stranger = await testKey();
    const places = { jku: `${issuer.url}/evil`, x5u: `${issuer.url}/evil` };
    for (const header of [{ jwk: stranger.jwk }, places]) {
      expect(await verify(provider(), await issuer.sign({}, header as never, stranger))).toBeNull();
    }
    expect(issuer.count("/evil")).toBe(0);
  });

  test("whose `kid` is a URL or a path: nothing is fetched or read for it", async () => {
    const before = issuer.count("/evil");
    const jwt = provider();
    for (const kid of [`${issuer.url}/evil`, "../../../../dev/null", "/etc/passwd", "key-1'--", "__proto__"]) {
      expect(await verify(jwt, await issuer.sign({}, { kid }))).toBeNull();
    }
    expect(issuer.count("/evil")).toBe(before);
  });

  test("with a signature that was changed, however little", async () => {
    const token = await issuer.sign();
    const [header, payload, signature = ""] = token.split(".");
    const bytes = base64url.decode(signature);
    for (const index of [0, 31, 63]) {
      const changed = bytes.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(await verify(provider(), `${header}.${payload}.${base64url.encode(changed)}`)).toBeNull();
    }
  });

  test("when it is anything at all", async () => {
    const jwt = provider();
    const part = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((json) => base64url.encode(json)),
    );
    const parts = fc.array(part, { maxLength: 6 }).map((all) => all.join("."));
    const refused = fc.asyncProperty(parts, async (token) => (await verify(jwt, token)) === null);
    await fc.assert(refused);
  });
});

describe("options", () => {
  test("a claim may be required, by value or at all", async () => {
    const jwt = provider({ requiredClaims: { token_use: "access", tid: ["t1", "t2"], azp: true } });
    const good = { token_use: "access", tid: "t2", azp: "c" };
    expect(await verify(jwt, await issuer.sign(good))).not.toBeNull();
    for (const bad of [{ token_use: "id" }, { tid: "t3" }, { azp: undefined }, { token_use: undefined }]) {
      expect(await verify(jwt, await issuer.sign({ ...good, ...bad }))).toBeNull();
    }
  });

  test("`accept` has the last word, and only true is a yes", async () => {
    const token = await issuer.sign({ tenant: "a" });
    expect(await verify(provider({ accept: ({ tenant }) => tenant === "a" }), token)).not.toBeNull();
    expect(await verify(provider({ accept: ({ tenant }) => tenant === "b" }), token)).toBeNull();
    expect(await verify(provider({ accept: (async () => true) as never }), token)).toBeNull();
  });

  test("another claim may hold the audience", async () => {
    const jwt = provider({ audienceClaim: "client_id", audience: ["app-1", "app-2"] });
    expect(await verify(jwt, await issuer.sign({ client_id: "app-2", aud: "x" }))).not.toBeNull();
    expect(await verify(jwt, await issuer.sign({ client_id: "app-3", aud: "app-2" }))).toBeNull();
  });

  test("a clock tolerance that is given counts for `exp` too", async () => {
    const token = await issuer.sign({ exp: now() - 30 });
    expect(await verify(provider({ clockToleranceSeconds: 25 }), token)).toBeNull();
    expect((await verify(provider({ clockToleranceSeconds: 120 }), token))?.expiresAt).toBeGreaterThan(now());
  });

  test("typ false takes tokens that are not marked", async () => {
    expect(await verify(provider({ typ: false }), await issuer.sign({}, { typ: undefined as never }))).not.toBeNull();
  });

  test.each<[string, Partial<JwtProviderOptions>]>([
    ["no audience", { audience: [] }],
    ["an empty audience", { audience: "" }],
    ["plain http", { issuer: "http://as.example.com" }],
    ["an issuer with a query", { issuer: "https://as.example.com?a=b" }],
    ["keys over plain http", { jwksUri: "http://as.example.com/jwks" }],
    ["an hour of tolerance", { clockToleranceSeconds: 3600 }],
    ["a negative tolerance", { clockToleranceSeconds: -1 }],
    ["an empty type", { typ: "" }],
  ])("%s is config_invalid", (_name, options) => {
    expect(() => provider(options)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});

describe("keys (J68-12)", () => {
  test("are fetched once for many tokens at once", async () => {
    const jwt = provider();
    const before = issuer.count("/jwks");
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, jti) => issuer.sign({ jti: String(jti) })));
    const verdicts = await Promise.all(tokens.map((token) => verify(jwt, token)));
    expect(verdicts.every((verdict) => verdict !== null)).toBe(true);
    expect(issuer.count("/jwks") - before).toBe(1);
  });

  test("are fetched again for a token that names a new one", async () => {
    const clock = manualClock(Date.now());
    const jwt = provider({ now: clock.now });
    await verify(jwt, await issuer.sign());
    const next = await testKey("ES256", "key-2");
    issuer.keys = [issuer.key.jwk, next.jwk];
    clock.advance(30_000);
    expect(await verify(jwt, await issuer.sign({}, {}, next))).not.toBeNull();
  });

  test("that the issuer has withdrawn are no longer good", async () => {
    const clock = manualClock(Date.now());
    const jwt = provider({ now: clock.now, cache: { maxAgeMs: 0 } });
    const token = await issuer.sign({ exp: now() + 3600 });
    expect(await verify(jwt, token)).not.toBeNull();
    issuer.keys = [(await testKey("ES256", "key-2")).jwk];
    clock.advance(10 * 60_000);
    expect(await verify(jwt, token)).toBeNull();
  });

  test("10,000 tokens with unknown keys cost two requests a minute", async () => {
    const clock = manualClock(Date.now());
    const jwt = provider({ now: clock.now });
    const before = issuer.requests.length;
    const [, payload, signature] = (await issuer.sign()).split(".");
    for (let index = 0; index < 10_000; index += 1) {
      const header = base64url.encode(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: `made-up-${index}` }));
      expect(await verify(jwt, `${header}.${payload}.${signature}`)).toBeNull();
      clock.advance(6);
    }
    // Metadata and keys at first, then keys every thirty seconds.
    expect(issuer.requests.length - before).toBeLessThanOrEqual(4);
    expect(await verify(jwt, await issuer.sign())).not.toBeNull();
  });

  test("are used on through an outage; of a key that is not among them nobody can say anything", async () => {
    const clock = manualClock(Date.now());
    const jwt = provider({ now: clock.now });
    const end = { exp: now() + 100_000 };
    await verify(jwt, await issuer.sign());
    issuer.on["/jwks"] = scripted(answerStatus(503));
    clock.advance(60 * 60_000);
    expect(await verify(jwt, await issuer.sign({ ...end, iat: 1 }))).not.toBeNull();
    clock.advance(31_000);
    const next = await testKey("ES256", "key-2");
    const unknown = await issuer.sign(end, {}, next);
    await expect(verify(jwt, unknown)).rejects.toMatchObject({ code: "temporarily_unavailable" });
    issuer.keys = [next.jwk];
    delete issuer.on["/jwks"];
    clock.advance(31_000);
    expect(await verify(jwt, unknown)).not.toBeNull();
  });

  test("that never could be had make 503 of every token, with few requests", async () => {
    issuer.on["/jwks"] = scripted(answerStatus(500));
    const before = issuer.count("/jwks");
    const gate = createAuthGate(provider());
    for (let jti = 0; jti < 50; jti += 1) {
      const authorization = `Bearer ${await issuer.sign({ jti: String(jti) })}`;
      const entry = await gate(new Request(resource, { headers: { authorization } }));
      expect("response" in entry && entry.response.status).toBe(503);
    }
    expect(issuer.count("/jwks") - before).toBe(1);
  });

  test.each([
    ["a page", answerHtml()],
    ["no key set", answerJson({})],
    ["keys that are texts", answerJson({ keys: ["key"] })],
    ["more keys than anybody has", answerJson({ keys: Array.from({ length: 101 }, () => ({ kty: "EC" })) })],
  ])("%s is the issuer's fault, not the token's", async (_name, answer) => {
    issuer.on["/jwks"] = scripted(answer);
    await expect(verify(provider(), await issuer.sign())).rejects.toMatchObject({ code: "temporarily_unavailable" });
  });

  test("a private key in the key set is the issuer's fault too", async () => {
    const { exportJWK } = await import("jose");
    issuer.keys = [{ ...(await exportJWK(issuer.key.privateKey)), kid: "key-1", alg: "ES256" }];
    await expect(verify(provider(), await issuer.sign())).rejects.toThrow();
  });
});

describe("metadata of the issuer (ASM-03, ASM-06)", () => {
  const wellKnown = "/.well-known/oauth-authorization-server";

  test("is looked for in three places, in order", async () => {
    const tenant = await testIssuer("/tenant");
    try {
      const places = [
        `${wellKnown}/tenant`,
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
      ];
      const document = { issuer: tenant.url, jwks_uri: `${new URL(tenant.url).origin}/jwks` };
      tenant.on[places[0] ?? ""] = scripted(answerStatus(404));
      tenant.on[places[1] ?? ""] = scripted(answerJson({ ...document, issuer: `${tenant.url}/` }));
      tenant.on[places[2] ?? ""] = scripted(answerJson(document));
      expect(await verify(jwtProvider({ issuer: tenant.url, audience: resource }), await tenant.sign())).not.toBeNull();
      expect(tenant.requests.map(({ url }) => url)).toEqual([...places, "/jwks"]);
    } finally {
      await tenant.close();
    }
  });

  test.each([
    ["of another issuer", answerJson({ issuer: "https://other.example.com", jwks_uri: "https://other.example.com/k" })],
    ["that is a page", answerHtml()],
    ["without keys", undefined],
    ["with keys over plain http", undefined],
  ])("%s is of no use: 503", async (name, answer) => {
    const jwks = name === "without keys" ? {} : { jwks_uri: "http://keys.example.com" };
    issuer.on[wellKnown] = scripted(answer ?? answerJson({ issuer: issuer.url, ...jwks }));
    await expect(verify(provider(), await issuer.sign())).rejects.toMatchObject({ code: "temporarily_unavailable" });
  });

  test("is not needed when the keys' place is given", async () => {
    const before = issuer.count(wellKnown);
    expect(await verify(provider({ jwksUri: `${issuer.url}/jwks` }), await issuer.sign())).not.toBeNull();
    expect(issuer.count(wellKnown)).toBe(before);
  });
});

async function pem({ jwk }: TestKey): Promise<string> {
  const { exportSPKI, importJWK } = await import("jose");
  return exportSPKI((await importJWK(jwk, jwk.alg, { extractable: true })) as CryptoKey);
}

async function signByHand({ privateKey }: TestKey, header: object, signed: string): Promise<string> {
  const [, payload] = signed.split(".");
  const head = base64url.encode(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: "key-1", ...header }));
  const bytes = new TextEncoder().encode(`${head}.${payload}`);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, bytes);
  return `${head}.${payload}.${base64url.encode(new Uint8Array(signature))}`;
}
