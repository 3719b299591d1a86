/** What Digest computes, against the examples of RFC 7616 §3.9 and of RFC 2069's errata, and against node:crypto. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { byteString } from "../../src/http/byte-string.ts";
import { digestAlgorithm } from "../../src/schemes/digest-algorithm.ts";
import { type DigestInput, digestResponse, digestRspauth, hashUsername } from "../../src/schemes/digest-response.ts";

const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const mufasa: Omit<DigestInput, "algorithm"> = {
  username: "Mufasa",
  realm: "http-auth@example.org",
  password: "Circle of Life",
  nonce,
  sessionNonce: nonce,
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
  count: "00000001",
  qop: "auth",
  method: "GET",
  uri: "/dir/index.html",
};
const doe: Omit<DigestInput, "algorithm"> = {
  ...mufasa,
  username: byteString("Jäsøn Doe"),
  realm: "api@example.org",
  password: "Secret, or not?",
  nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
  cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
  uri: "/doe.json",
};

function algorithm(name: string) {
  return digestAlgorithm(name) ?? expect.unreachable(`${name} should be known`);
}

describe("the examples of RFC 7616", () => {
  it.each([
    ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
    ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
  ])("§3.9.1, %s", (name, response) => {
    expect(digestResponse({ ...mufasa, algorithm: algorithm(name) })).toBe(response);
  });

  it("§3.9.2, SHA-512-256 with userhash, as erratum 4897 corrects it", () => {
    const input = { ...doe, algorithm: algorithm("SHA-512-256") };
    expect(hashUsername(input)).toBe("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
    expect(digestResponse(input)).toBe("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    // The uncorrected user name is SHA-512 cut in half, which is another function than SHA-512/256.
    const cut = createHash("sha512").update("Jäsøn Doe:api@example.org").digest("hex").slice(0, 64);
    expect(cut).toBe("488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec");
  });
});

it("RFC 2069 §2.4, as erratum 749 corrects it", () => {
  const input: DigestInput = {
    ...mufasa,
    algorithm: algorithm("MD5"),
    realm: "testrealm@host.com",
    password: "CircleOfLife",
    nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    qop: undefined,
  };
  expect(digestResponse(input)).toBe("1949323746fe6a43ef61f9606e7febea");
});

it("RFC 2617 §3.5", () => {
  const input: DigestInput = {
    ...mufasa,
    algorithm: algorithm("MD5"),
    realm: "testrealm@host.com",
    password: "Circle Of Life",
    nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    cnonce: "0a4f113b",
  };
  expect(digestResponse(input)).toBe("6629fae49393a05397450978507c4ef1");
});

describe.each([
  ["MD5", "md5"],
  ["SHA-256", "sha256"],
  ["SHA-512-256", "sha512-256"],
])("%s against node:crypto", (name, hash) => {
  const h = (...parts: string[]): string => createHash(hash).update(parts.join(":"), "latin1").digest("hex");
  const { username, realm, password, cnonce, count, uri } = doe;

  it("-sess: the key is made of the first nonce and of the cnonce", () => {
    const input = { ...doe, algorithm: algorithm(`${name}-sess`), sessionNonce: "first" };
    const key = h(h(username, realm, password), "first", cnonce);
    expect(digestResponse(input)).toBe(h(key, doe.nonce, count, cnonce, "auth", h("GET", uri)));
    expect(digestRspauth(input)).toBe(h(key, doe.nonce, count, cnonce, "auth", h("", uri)));
  });

  it("auth-int: the message has the hash of the body, also when there is none", () => {
    const input = { ...doe, algorithm: algorithm(name), qop: "auth-int" as const, method: "POST" };
    const key = h(username, realm, password);
    for (const [bodyHash, expected] of [
      [h("body"), h("body")],
      [undefined, h("")],
    ] as const) {
      expect(digestResponse({ ...input, bodyHash })).toBe(
        h(key, doe.nonce, count, cnonce, "auth-int", h("POST", uri, expected)),
      );
    }
  });
});

it("knows its algorithms in any case, and no others", () => {
  for (const name of ["md5", "Md5-Sess", "sha-256", "SHA-256-SESS", "sha-512-256", "SHA-512-256-sess"]) {
    expect(digestAlgorithm(name)).toMatchObject({ session: /sess/i.test(name) });
  }
  for (const name of ["", "-sess", "SHA", "SHA-512", "SHA256", "MD5-sess-sess", "token", "constructor", "__proto__"]) {
    expect(digestAlgorithm(name)).toBeUndefined();
  }
});
