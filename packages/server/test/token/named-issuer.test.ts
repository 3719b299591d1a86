import { base64url } from "jose";
import { expect, test } from "vitest";
import { looksLikeJwt, namedIssuer } from "../../src/token/named-issuer.ts";

const jwt = (claims: unknown, header = '{"alg":"ES256"}') =>
  `${base64url.encode(header)}.${base64url.encode(JSON.stringify(claims))}.AA`;
const issuer = "https://as.example.com";

test.each<[string, string, string | undefined]>([
  ["a JWT", jwt({ iss: issuer }), issuer],
  ["a JWT with a header on several lines", jwt({ iss: issuer }, '{\n  "alg": "ES256"\n}'), issuer],
  ["a JWT without an issuer", jwt({}), ""],
  ["a JWT with an issuer that is no text", jwt({ iss: [issuer] }), ""],
  ["a JWT of something else than an object", jwt([]), undefined],
  ["an opaque token", "sp_abc_def", undefined],
  ["three parts that are not JSON", "eyJ.eyJ.AA", undefined],
  ["an encrypted JWT", `${jwt({ iss: issuer })}.AA.AA`, undefined],
  ["nothing", "", undefined],
])("%s", (_name, token, expected) => {
  expect(namedIssuer(token)).toBe(expected);
  if (expected !== undefined) expect(looksLikeJwt(token)).toBe(true);
});
