/** How a client shows who it is: RFC 6749 §2.3.1, RFC 7523 §2.2; CC-01, CC-03, CC-04, CC-05, T-09. */
import type { AuthorizationServer, ClientAuth } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { chooseAuthentication, clientAuthentication } from "../../src/oauth/client-authentication.ts";
import { Secret } from "../../src/secrets/secret.ts";
import { decodeJwt, isSignedBy } from "../support/authorization-server.ts";
import { failureOf } from "../support/failure.ts";

const at = Date.UTC(2026, 0, 1);
const now = (): number => at;
const issuer = "https://as.example/tenant/";

interface Applied {
  readonly body: URLSearchParams;
  readonly headers: Headers;
}

async function apply(
  authentication: ClientAuth,
  server: Partial<AuthorizationServer> = {},
  id = "client-1",
): Promise<Applied> {
  const applied = { body: new URLSearchParams({ grant_type: "client_credentials" }), headers: new Headers() };
  await authentication({ issuer, ...server }, { client_id: id }, applied.body, applied.headers);
  return applied;
}

const withSecret = (method: "client_secret_basic" | "client_secret_post", secret: string | (() => string)) =>
  clientAuthentication({ method, secret: new Secret(secret) }, now);
const withKey = (key: string | (() => string)) =>
  clientAuthentication({ method: "private_key_jwt", privateKey: new Secret(key) }, now);

describe("the method", () => {
  const secret = new Secret("secret-1");
  const privateKey = new Secret("key");

  it.each([
    [["client_secret_basic", "client_secret_post"], "client_secret_basic"],
    [["client_secret_post"], "client_secret_post"],
    [["client_secret_post", "none"], "client_secret_post"],
    [undefined, "client_secret_basic"],
    [["none"], "client_secret_post"],
    [[], "client_secret_post"],
  ])("for a secret where the server supports %j is %s", (supported, method) => {
    const server = { issuer, ...(supported && { token_endpoint_auth_methods_supported: supported }) };
    expect(chooseAuthentication({ secret }, server)).toEqual({ method, secret });
  });

  it("for a key is private_key_jwt, and without anything none", () => {
    expect(chooseAuthentication({ privateKey }, { issuer })).toEqual({ method: "private_key_jwt", privateKey });
    expect(chooseAuthentication({}, { issuer })).toEqual({ method: "none" });
  });

  it("is the configured one, whatever the server says it supports", () => {
    const server = { issuer, token_endpoint_auth_methods_supported: ["client_secret_basic"] };
    expect(chooseAuthentication({ secret }, server, "client_secret_post").method).toBe("client_secret_post");
    expect(chooseAuthentication({ secret, privateKey }, server, "private_key_jwt").method).toBe("private_key_jwt");
    expect(chooseAuthentication({ secret, privateKey }, server, "client_secret_basic").method).toBe(
      "client_secret_basic",
    );
    expect(chooseAuthentication({ secret }, server, "none")).toEqual({ method: "none" });
  });

  it("is none where there is no proof for another", () => {
    expect(chooseAuthentication({}, { issuer }, "client_secret_basic")).toEqual({ method: "none" });
    expect(chooseAuthentication({ secret }, { issuer }, "private_key_jwt")).toEqual({ method: "none" });
  });
});

describe("without a proof", () => {
  it("the identifier is sent, and nothing else", async () => {
    const { body, headers } = await apply(clientAuthentication({ method: "none" }, now));
    expect(body.toString()).toBe("grant_type=client_credentials&client_id=client-1");
    expect([...headers]).toEqual([]);
  });
});

describe("a secret", () => {
  it("goes into the header with client_secret_basic, and not into the body", async () => {
    const { body, headers } = await apply(withSecret("client_secret_basic", "secret-1"));
    expect(headers.get("authorization")).toBe(`Basic ${btoa("client-1:secret-1")}`);
    expect(body.toString()).toBe("grant_type=client_credentials");
  });

  it.each([
    [
      "https://app.example/client.json",
      "p@ss:wörd +%&",
      "https%3A%2F%2Fapp.example%2Fclient.json:p%40ss%3Aw%C3%B6rd+%2B%25%26",
    ],
    // Not encoded, though they may be: servers that do not decode would not know them.
    ["0fa3-b_c.d*e", "a-b_c.d*e", "0fa3-b_c.d*e:a-b_c.d*e"],
  ])("is form-encoded before that: %s", async (id, secret, pair) => {
    const { headers } = await apply(withSecret("client_secret_basic", secret), {}, id);
    expect(atob(headers.get("authorization")?.slice(6) ?? "")).toBe(pair);
  });

  it("goes into the body with client_secret_post, and not into a header", async () => {
    const { body, headers } = await apply(withSecret("client_secret_post", "p@ss +"));
    expect(Object.fromEntries(body)).toMatchObject({ client_id: "client-1", client_secret: "p@ss +" });
    expect([...headers]).toEqual([]);
  });

  it("is read when it is sent", async () => {
    let secret = "old-secret";
    const authentication = withSecret("client_secret_post", () => secret);
    expect((await apply(authentication)).body.get("client_secret")).toBe("old-secret");
    secret = "new-secret";
    expect((await apply(authentication)).body.get("client_secret")).toBe("new-secret");
  });

  it("that cannot be read is an error that says so", async () => {
    const authentication = clientAuthentication(
      { method: "client_secret_basic", secret: new Secret({ env: "NO_SUCH" }) },
      now,
    );
    expect((await failureOf(apply(authentication))).code).toBe("credential_source_failed");
  });
});

const pem = async (key: CryptoKey): Promise<string> => {
  const bytes = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  const text = btoa(String.fromCharCode(...bytes)).replace(/.{64}/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`;
};
const jwk = async (key: CryptoKey, more: object = {}): Promise<string> =>
  JSON.stringify({ ...(await crypto.subtle.exportKey("jwk", key)), ...more });
const pair = (algorithm: EcKeyGenParams | RsaHashedKeyGenParams | "Ed25519"): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
const rsa = (name: string, hash = "SHA-256", modulusLength = 2048): RsaHashedKeyGenParams => ({
  name,
  hash,
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
});
const es256 = { name: "ECDSA", namedCurve: "P-256" };

describe("private_key_jwt", () => {
  it("sends an assertion of who the client is, for this issuer alone, for a minute", async () => {
    const { privateKey, publicKey } = await pair(es256);
    const { body, headers } = await apply(withKey(await pem(privateKey)));
    expect(body.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    expect([...headers]).toEqual([]);
    const assertion = body.get("client_assertion") ?? "";
    const { header, claims } = decodeJwt(assertion);
    expect(header).toEqual({ alg: "ES256" });
    expect(claims).toEqual({
      iss: "client-1",
      sub: "client-1",
      aud: issuer,
      iat: at / 1000,
      exp: at / 1000 + 60,
      jti: expect.stringMatching(/^[\w-]{22,}$/),
    });
    expect(await isSignedBy(assertion, publicKey, { name: "ECDSA", hash: "SHA-256" })).toBe(true);
  });

  it("makes a new one for each request", async () => {
    const authentication = withKey(await pem((await pair(es256)).privateKey));
    const first = decodeJwt((await apply(authentication)).body.get("client_assertion") ?? "");
    const second = decodeJwt((await apply(authentication)).body.get("client_assertion") ?? "");
    expect(first.claims["jti"]).not.toBe(second.claims["jti"]);
  });

  it.each([
    ["ES256", es256, undefined, "PEM"],
    ["ES256", es256, ["RS256"], "JWK"],
    ["ES384", { name: "ECDSA", namedCurve: "P-384" }, undefined, "JWK"],
    ["ES512", { name: "ECDSA", namedCurve: "P-521" }, undefined, "JWK"],
    ["RS256", rsa("RSASSA-PKCS1-v1_5"), undefined, "PEM"],
    ["PS256", rsa("RSASSA-PKCS1-v1_5"), ["PS256", "ES256"], "PEM"],
    ["RS512", rsa("RSASSA-PKCS1-v1_5", "SHA-512"), ["RS256"], "JWK"],
    ["EdDSA", "Ed25519", undefined, "PEM"],
    ["EdDSA", "Ed25519", ["EdDSA", "Ed25519"], "JWK"],
    ["Ed25519", "Ed25519", ["Ed25519"], "JWK"],
  ] as const)(
    "signs with %s where the key is %j and the server supports %j (%s)",
    async (alg, kind, supported, form) => {
      const { privateKey, publicKey } = await pair(kind as EcKeyGenParams);
      const text = form === "PEM" ? await pem(privateKey) : await jwk(privateKey, { kid: "key-1" });
      const server = supported && { token_endpoint_auth_signing_alg_values_supported: [...supported] };
      const assertion = (await apply(withKey(text), server)).body.get("client_assertion") ?? "";
      expect(decodeJwt(assertion).header).toEqual(form === "PEM" ? { alg } : { alg, kid: "key-1" });
      const hash = `SHA-${alg.slice(2)}`;
      const verify = { RS: "RSASSA-PKCS1-v1_5", PS: "RSA-PSS", ES: "ECDSA", Ed: "Ed25519" }[alg.slice(0, 2)] ?? "";
      const importable = alg.startsWith("PS")
        ? await crypto.subtle.importKey(
            "spki",
            await crypto.subtle.exportKey("spki", publicKey),
            { name: verify, hash },
            true,
            ["verify"],
          )
        : publicKey;
      expect(await isSignedBy(assertion, importable, { name: verify, hash, saltLength: 32 })).toBe(true);
    },
  );

  it("takes a JWK that says it is for verifying, or not for export", async () => {
    const { privateKey } = await pair(es256);
    const text = await jwk(privateKey, { use: "sig", ext: false, key_ops: ["verify"] });
    expect((await apply(withKey(text))).body.has("client_assertion")).toBe(true);
  });

  it("reads a key that is kept elsewhere when it is needed", async () => {
    const keys = await Promise.all([pair(es256), pair(es256)]);
    const texts = await Promise.all(keys.map(({ privateKey }) => pem(privateKey)));
    let turn = 0;
    const authentication = withKey(() => texts[turn] ?? "");
    for (turn = 0; turn < 2; turn += 1) {
      const assertion = (await apply(authentication)).body.get("client_assertion") ?? "";
      const publicKey = keys[turn]?.publicKey as CryptoKey;
      expect(await isSignedBy(assertion, publicKey, { name: "ECDSA", hash: "SHA-256" })).toBe(true);
    }
  });

  it.each([
    ["no key at all", "hello", /not a whole PEM file/],
    ["the path of a key", "./key.pem", /a source with `file`/],
    ["a damaged PEM", "-----BEGIN PRIVATE KEY-----\nTWVzc2FnZQ==\n-----END PRIVATE KEY-----", /is damaged/],
    ["the old form", "-----BEGIN EC PRIVATE KEY-----\nTWVzc2FnZQ==\n-----END EC PRIVATE KEY-----", /openssl pkcs8/],
    ["broken JSON", '{"kty":"EC","d":"very-secret', /is no JSON object/],
    ["a shared secret", '{"kty":"oct","k":"very-secret"}', /of a kind that is not supported/],
    ["an unknown curve", '{"kty":"EC","crv":"secp256k1","d":"very-secret"}', /of a kind that is not supported/],
    ["a public JWK", '{"kty":"EC","crv":"P-256","x":"a","y":"b"}', /is a public JWK/],
    [
      "a JWK for something else",
      '{"kty":"EC","crv":"P-256","alg":"ECDH-ES","d":"very-secret"}',
      /for another `alg` than ES256/,
    ],
    ["a damaged JWK", '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"very-secret"}', /is damaged/],
  ])("says what is wrong with %s, without quoting it", async (_name, text, problem) => {
    const error = await failureOf(apply(withKey(text)));
    expect(error.code).toBe("credential_source_failed");
    expect(error.message).toMatch(/^The client's private key /);
    expect(error.message).toMatch(problem);
    expect(`${error.message}${error.cause}`).not.toContain("very-secret");
  });

  it("refuses a public key, and a short RSA key (RFC 7518 §3.3)", async () => {
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", (await pair(es256)).publicKey));
    const text = `-----BEGIN PUBLIC KEY-----\n${btoa(String.fromCharCode(...spki))}\n-----END PUBLIC KEY-----`;
    expect((await failureOf(apply(withKey(text)))).message).toContain("is a public key");
    const short = await pem((await pair(rsa("RSASSA-PKCS1-v1_5", "SHA-256", 1024))).privateKey);
    expect((await failureOf(apply(withKey(short)))).message).toContain("1024 bits");
  });
});
