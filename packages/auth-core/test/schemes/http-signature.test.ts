/** What `HttpSignatureAuth` signs and sends: RFC 9421 appendix B and §2.2, RFC 9530 appendix B, and keys of every form. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createAuth, createAuthFetch, HttpSignatureAuth, type HttpSignatureOptions } from "../../src/index.ts";
import { componentValue, contentDigest, parseComponent, utf8 } from "../../src/signatures.ts";
import { failureOf } from "../support/failure.ts";

/** RFC 9421 appendix B.1.4 and B.1.5. */
const ed25519Pem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----`;
const ed25519Jwk = {
  kty: "OKP",
  crv: "Ed25519",
  kid: "test-key-ed25519",
  d: "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
  x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
};
const sharedSecret = {
  kty: "oct",
  kid: "test-shared-secret",
  k: "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ",
};
const at = 1618884473;
const rfc: HttpSignatureOptions = { now: () => at * 1000, nonce: false };

const testRequest = (): Request =>
  new Request("https://example.com/foo?param=Value&Pet=dog", {
    method: "POST",
    headers: {
      host: "example.com",
      date: "Tue, 20 Apr 2021 02:07:55 GMT",
      "content-type": "application/json",
      "content-length": "18",
    },
    body: '{"hello": "world"}',
  });

async function signed(auth: HttpSignatureAuth, request = testRequest()): Promise<Headers> {
  const step = await auth.authFlow(request).next();
  if (step.done) throw new Error("the flow has sent nothing");
  return step.value.headers;
}

describe("RFC 9421 appendix B", () => {
  it("B.2.5: hmac-sha256, byte for byte", async () => {
    const auth = new HttpSignatureAuth("test-shared-secret", JSON.stringify(sharedSecret), {
      ...rfc,
      components: ["date", "@authority", "content-type"],
      label: "sig-b25",
    });
    const headers = await signed(auth);
    expect(headers.get("signature-input")).toBe(
      'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    );
    expect(headers.get("signature")).toBe("sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
  });

  it.each([
    ["PEM", ed25519Pem],
    ["a JWK", JSON.stringify(ed25519Jwk)],
  ])("B.2.6: ed25519 from %s, byte for byte", async (_, key) => {
    const auth = new HttpSignatureAuth("test-key-ed25519", key, {
      ...rfc,
      components: ["date", "@method", "@path", "@authority", "content-type", "content-length"],
      label: "sig-b26",
    });
    const headers = await signed(auth);
    expect(headers.get("signature-input")).toBe(
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    );
    expect(headers.get("signature")).toBe(
      "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    );
  });

  it("B.4: a header of two lines, byte for byte", async () => {
    const request = new Request("https://example.org/demo?name1=Value1&Name2=value2");
    request.headers.append("accept", "application/json");
    request.headers.append("accept", "*/*");
    const components = ["@method", "@path", "@authority", "accept"];
    const auth = new HttpSignatureAuth("test-key-ed25519", ed25519Pem, { ...rfc, components, label: "transform" });
    expect((await signed(auth, request)).get("signature")).toBe(
      "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:",
    );
  });
});

describe("components", () => {
  const value = (component: string, url: string, init?: RequestInit): string | undefined => {
    const parsed = parseComponent(component);
    if ("problem" in parsed) throw new Error(parsed.problem);
    return componentValue(parsed, new Request(url, init));
  };
  const url = "https://www.example.com/path?param=value";
  const query =
    "https://www.example.com/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something";

  it.each([
    ["@method", url, "POST"],
    ["@target-uri", url, url],
    ["@target-uri", "https://www.example.com/path?#part", "https://www.example.com/path"],
    ["@authority", url, "www.example.com"],
    ["@authority", "https://WWW.Example.com:443/", "www.example.com"],
    ["@authority", "http://127.0.0.1:8080/", "127.0.0.1:8080"],
    ["@scheme", "http://www.example.com/", "http"],
    ["@request-target", url, "/path?param=value"],
    ["@path", url, "/path"],
    ["@path", "https://www.example.com", "/"],
    ["@path", "https://www.example.com/a%2Fb/%c3%a9/ü/./x", "/a%2Fb/%c3%a9/%C3%BC/x"],
    ["@query", "https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman", "?param=value&foo=bar&baz=bat%2Dman"],
    ["@query", "https://www.example.com/path?queryString", "?queryString"],
    ["@query", "https://www.example.com/path", "?"],
    ['@query-param;name="var"', query, "this%20is%20a%20big%0Amultiline%20value"],
    ['@query-param;name="bar"', query, "with%20plus%20whitespace"],
    ['@query-param;name="fa%C3%A7ade%22%3A%20"', query, "something"],
    ['@query-param;name="qux"', "https://www.example.com/path?param=value&qux=", ""],
    ['@query-param;name="a"', "https://www.example.com/path?a=1&a=2", undefined],
    ['@query-param;name="b"', url, undefined],
  ])("%s of %s, RFC 9421 §2.2", (component, target, expected) => {
    expect(value(component, target, { method: "POST" })).toBe(expected);
  });

  it("joins the lines of a field and trims them, RFC 9421 §2.1", () => {
    const headers: [string, string][] = [
      ["cache-control", "max-age=60 "],
      ["cache-control", "   must-revalidate"],
      ["x-empty-header", ""],
    ];
    expect(value("cache-control", url, { headers })).toBe("max-age=60, must-revalidate");
    expect(value("x-empty-header", url, { headers })).toBe("");
    expect(value("x-absent", url, { headers })).toBeUndefined();
  });

  it("are by default what makes a request what it is", async () => {
    const input = (await signed(new HttpSignatureAuth("k", ed25519Pem))).get("signature-input");
    expect(input).toMatch(
      /^sig1=\("@method" "@target-uri" "content-type" "content-digest"\);created=\d{10};keyid="k";nonce="[\w-]{36}"$/,
    );
  });

  it("leave out headers that are not there, and the digest of no body", async () => {
    const components = ["@method", "mcp-session-id", "content-digest"];
    const headers = await signed(
      new HttpSignatureAuth("k", ed25519Pem, { ...rfc, components }),
      new Request("https://a.example/"),
    );
    expect(headers.get("signature-input")).toBe('sig1=("@method");created=1618884473;keyid="k"');
    expect(headers.has("content-digest")).toBe(false);
  });

  it("a query parameter that is not there exactly once is an error", async () => {
    const auth = new HttpSignatureAuth("k", ed25519Pem, { components: ['@query-param;name="a"'] });
    for (const search of ["", "?a=1&a=2"]) {
      const error = await failureOf(signed(auth, new Request(`https://a.example/${search}`)));
      expect(error).toMatchObject({ code: "config_invalid", message: expect.stringContaining("@query") });
    }
  });
});

it("parameters are written in one order, texts as structured fields", async () => {
  const options = { ...rfc, components: ["@method"], tag: "app", expiresIn: 60, alg: true, nonce: true };
  const headers = await signed(new HttpSignatureAuth('a"b\\c', ed25519Pem, options));
  expect(headers.get("signature-input")).toMatch(
    /^sig1=\("@method"\);created=1618884473;expires=1618884533;keyid="a\\"b\\\\c";alg="ed25519";nonce="[\w-]{36}";tag="app"$/,
  );
});

it.each([
  ['{"hello": "world"}\n', "sha-256", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"],
  ["", "sha-256", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
  [
    '{"hello": "world"}',
    "sha-512",
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
  ],
] as const)(
  "the digest of %j in %s, RFC 9530 appendix B and RFC 9421 appendix B.2",
  async (body, algorithm, digest) => {
    expect(await contentDigest(utf8(body).buffer, algorithm)).toBe(digest);
  },
);

describe("keys", () => {
  const pem = { type: "pkcs8", format: "pem" } as const;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey.export(pem) as string;
  const bound = generateKeyPairSync("rsa-pss", { modulusLength: 2048, hashAlgorithm: "sha256" });
  const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const sec1 = p256.privateKey.export({ type: "sec1", format: "pem" }) as string;
  const encrypted = p256.privateKey.export({ ...pem, cipher: "aes-256-cbc", passphrase: "p" }) as string;
  const rsaPem = rsa.privateKey.export(pem) as string;
  const jwk = (changes: object): string => JSON.stringify({ ...ed25519Jwk, ...changes });

  it.each([
    ["RSA PEM", rsaPem, "rsa-pss-sha512"],
    ["RSASSA-PSS PEM, as of RFC 9421 appendix B.1.2", pss, "rsa-pss-sha512"],
    ["RSA JWK", JSON.stringify(rsa.privateKey.export({ format: "jwk" })), "rsa-pss-sha512"],
    ["EC PEM", p256.privateKey.export(pem) as string, "ecdsa-p256-sha256"],
    ["EC JWK", JSON.stringify(p256.privateKey.export({ format: "jwk" })), "ecdsa-p256-sha256"],
    ["Ed25519 PEM with text around it", `comment\n${ed25519Pem}\n\n`, "ed25519"],
    ["oct JWK", JSON.stringify(sharedSecret), "hmac-sha256"],
  ])("%s is used with its algorithm", async (_, key, algorithm) => {
    const headers = await signed(new HttpSignatureAuth("k", key, { alg: true }));
    expect(headers.get("signature-input")).toContain(`;alg="${algorithm}"`);
  });

  it.each<[string, string, HttpSignatureOptions["algorithm"], string]>([
    ["no key", "s-marker", undefined, "hmac-sha256"],
    ["no key for an algorithm", "s-marker", "ed25519", "PKCS#8"],
    ["PKCS#1", rsa.privateKey.export({ type: "pkcs1", format: "pem" }) as string, undefined, "openssl pkcs8 -topk8"],
    ["SEC 1", sec1, undefined, "openssl pkcs8 -topk8"],
    ["an encrypted key", encrypted, undefined, "decrypt it"],
    ["a public key", rsa.publicKey.export({ type: "spki", format: "pem" }) as string, undefined, "private"],
    ["a public JWK", jwk({ d: undefined }), undefined, "`d`"],
    ["an incomplete JWK", jwk({ x: undefined }), undefined, "needs x"],
    ["a JWK for another alg", jwk({ alg: "ES256" }), undefined, "EdDSA"],
    ["a JWK of another kind", jwk({ crv: "X25519" }), undefined, "not supported"],
    ["a broken JWK", '{"kty": "s-marker', undefined, "JSON"],
    ["another curve", p384.privateKey.export(pem) as string, undefined, "P-256"],
    ["a PSS key for another hash", bound.privateKey.export(pem) as string, undefined, "SHA-512"],
    ["a key for another algorithm", rsaPem, "ed25519", "rsa-pss-sha512"],
    ["a PEM key as a shared secret", rsaPem, "hmac-sha256", "rsa-pss-sha512"],
    ["a cut PEM", ed25519Pem.slice(0, 60), undefined, "whole PEM"],
    ["a damaged PEM", ed25519Pem.replace("MC4C", "MC8C"), undefined, "damaged"],
    [
      "an OpenSSH key",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nAA==\n-----END OPENSSH PRIVATE KEY-----",
      undefined,
      "openssl",
    ],
    ["an empty secret", "", "hmac-sha256", "empty"],
  ])("%s is an error at once that names the fix", async (_, key, algorithm, fix) => {
    const error = await failureOf(() => new HttpSignatureAuth("k", key, { algorithm }));
    expect(error).toMatchObject({ code: "credential_source_failed", message: expect.stringContaining(fix) });
    expect(error.message).not.toContain("marker");
  });

  it.each([
    ["a damaged JWK", jwk({ x: "s-marker" }), "damaged"],
    ["a short RSA key", generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export(pem) as string, "2048"],
  ])("%s is an error when it is first used", async (_, key, fix) => {
    const error = await failureOf(signed(new HttpSignatureAuth("k", () => key)));
    expect(error).toMatchObject({ code: "credential_source_failed", message: expect.stringContaining(fix) });
    expect(`${error.stack}`).not.toContain("marker");
  });
});

describe("settings that make no sense", () => {
  it.each<[string, string, HttpSignatureOptions]>([
    ["no key id", "", {}],
    ["a key id beyond ASCII", "é", {}],
    ["a label in upper case", "k", { label: "Sig" }],
    ["a tag with a line break", "k", { tag: "a\nb" }],
    ["a lifetime of nothing", "k", { expiresIn: 0 }],
    ["a header in upper case", "k", { components: ["Date"] }],
    ["a component of responses", "k", { components: ["@status"] }],
    ["a component with parameters", "k", { components: ["date;bs"] }],
    ["a component twice", "k", { components: ["date", "date"] }],
    ["a parameter that is not encoded", "k", { components: ['@query-param;name="a b"'] }],
  ])("%s", async (_, keyId, options) => {
    const error = await failureOf(() => new HttpSignatureAuth(keyId, ed25519Pem, options));
    expect(error).toMatchObject({ code: "config_invalid" });
  });
});

it("createAuth passes everything on", async () => {
  const auth = createAuth({
    type: "httpSignature",
    keyId: "k",
    key: ed25519Pem,
    algorithm: "ed25519",
    components: ["@path"],
    label: "a",
    tag: "t",
    expiresIn: 5,
  });
  let input: string | null = null;
  await createAuthFetch(auth, {
    fetch: async (_, init) => {
      input = new Headers(init?.headers).get("signature-input");
      return new Response();
    },
  })("https://a.example/mcp");
  expect(input).toMatch(/^a=\("@path"\);created=\d+;expires=\d+;keyid="k";nonce="[\w-]+";tag="t"$/);
});
