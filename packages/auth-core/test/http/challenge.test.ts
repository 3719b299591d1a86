/** DSC-03, B50-05, B50-06: `WWW-Authenticate` as servers and proxies really send it, RFC 9110 §11.6.1. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Challenge, formatChallenge, isSallyportError, parseChallenges } from "../../src/index.ts";

const plain = (header: string): unknown =>
  parseChallenges(header).map((challenge) => ({ ...challenge, params: { ...challenge.params } }));

describe("parseChallenges", () => {
  it.each<[string, string, unknown]>([
    ["one parameter", 'Bearer realm="tools"', [{ scheme: "bearer", params: { realm: "tools" } }]],
    [
      "the challenge of the MCP specification (CHL-09)",
      'Bearer error="insufficient_scope", scope="files:read files:write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"',
      [
        {
          scheme: "bearer",
          params: {
            error: "insufficient_scope",
            scope: "files:read files:write",
            resource_metadata: "https://mcp.example.com/.well-known/oauth-protected-resource",
          },
        },
      ],
    ],
    [
      "several challenges in one line",
      'Digest realm="a, b", qop="auth,auth-int", algorithm=SHA-256, Basic realm="simple"',
      [
        { scheme: "digest", params: { realm: "a, b", qop: "auth,auth-int", algorithm: "SHA-256" } },
        { scheme: "basic", params: { realm: "simple" } },
      ],
    ],
    [
      "the example of RFC 9110 §11.6.1",
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        { scheme: "basic", params: { realm: "simple" } },
        { scheme: "newauth", params: { realm: "apps", type: "1", title: 'Login to "apps"' } },
      ],
    ],
    [
      "schemes without parameters",
      "Negotiate, NTLM",
      [
        { scheme: "negotiate", params: {} },
        { scheme: "ntlm", params: {} },
      ],
    ],
    [
      "token68 with padding",
      'Negotiate YWJj/+-._~==, Bearer realm="a"',
      [
        { scheme: "negotiate", token68: "YWJj/+-._~==", params: {} },
        { scheme: "bearer", params: { realm: "a" } },
      ],
    ],
    ["any case", 'BEARER Realm="Tools"', [{ scheme: "bearer", params: { realm: "Tools" } }]],
    [
      "white space around =",
      'Bearer realm = "a" ,\terror\t=invalid_token',
      [{ scheme: "bearer", params: { realm: "a", error: "invalid_token" } }],
    ],
    [
      "empty list elements",
      ' , ,Bearer realm="a",, ,error="b", ',
      [{ scheme: "bearer", params: { realm: "a", error: "b" } }],
    ],
    [
      "no commas between parameters",
      'Bearer realm="a" error="b"',
      [{ scheme: "bearer", params: { realm: "a", error: "b" } }],
    ],
    [
      "unquoted values that are no tokens",
      "Bearer resource_metadata=https://a.example/x?y=1, error=e",
      [{ scheme: "bearer", params: { resource_metadata: "https://a.example/x?y=1", error: "e" } }],
    ],
    [
      "a parameter twice: the first counts (B50-06)",
      'Bearer scope="a", scope="b"',
      [{ scheme: "bearer", params: { scope: "a" } }],
    ],
    [
      "a quoted string that does not end",
      'Bearer realm="open, scope="',
      [{ scheme: "bearer", params: { realm: "open, scope=" } }],
    ],
    ["a backslash at the end", 'Bearer realm="a\\', [{ scheme: "bearer", params: { realm: "a\\" } }]],
    [
      "a scheme inside a quoted string",
      'Bearer error_description="try Basic realm=x, or Digest y=z"',
      [{ scheme: "bearer", params: { error_description: "try Basic realm=x, or Digest y=z" } }],
    ],
    ["a stray quoted string", '"Basic realm=x", Bearer realm="a"', [{ scheme: "bearer", params: { realm: "a" } }]],
    ["a parameter before any scheme", 'realm="a", Bearer realm="b"', [{ scheme: "bearer", params: { realm: "b" } }]],
    ["nothing", "", []],
    ["only junk", ' ,;"=@/ ', []],
  ])("reads %s", (_, header, expected) => {
    expect(plain(header)).toEqual(expected);
  });

  it("reads several header lines, which Headers joins", () => {
    const headers = new Headers([
      ["www-authenticate", 'DPoP algs="ES256", error="use_dpop_nonce"'],
      ["www-authenticate", 'Bearer resource_metadata="https://a.example/m"'],
    ]);
    expect(plain(headers.get("www-authenticate") ?? "")).toEqual([
      { scheme: "dpop", params: { algs: "ES256", error: "use_dpop_nonce" } },
      { scheme: "bearer", params: { resource_metadata: "https://a.example/m" } },
    ]);
  });

  it("takes names of Object.prototype for names", () => {
    const [challenge] = parseChallenges('Bearer __proto__="a", constructor="b"');
    expect(Object.entries(challenge?.params ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(parseChallenges("Bearer realm=a")[0]?.params["toString"]).toBeUndefined();
  });

  it("never throws and gives only strings, whatever it is sent", () => {
    const pieces = fc.constantFrom(
      "Bearer",
      "Basic",
      "realm",
      "=",
      '"',
      "\\",
      ",",
      " ",
      "\t",
      "a",
      "==",
      "/",
      "é",
      "\r\n",
    );
    const header = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces).map((list) => list.join("")),
    );
    fc.assert(
      fc.property(header, (text) => {
        for (const { scheme, token68 = "", params } of parseChallenges(text)) {
          expect(scheme).toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/);
          expect(token68).toMatch(/^[A-Za-z0-9._~+/-]*=*$/);
          for (const value of Object.values(params)) expect(value).toBeTypeOf("string");
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["spaces", (n: number) => `Bearer${" ".repeat(n)}x`],
    ["backslashes", (n: number) => `Bearer a="${"\\".repeat(n)}`],
    ["equals signs", (n: number) => `Bearer ${"=".repeat(n)}`],
    ["almost token68", (n: number) => `Bearer ${"a".repeat(n)}==="`],
    ["words", (n: number) => "a b/c ".repeat(n / 6)],
    ["quotes", (n: number) => '"'.repeat(n)],
  ])("reads a million characters of %s in one pass", (_, make) => {
    // A quadratic reader would need 10^12 steps here and run into the timeout of the test.
    expect(parseChallenges(make(1_000_000)).length).toBeLessThanOrEqual(1_000_000);
  });
});

describe("formatChallenge", () => {
  const token = fc.string({ unit: fc.constantFrom(..."abcXYZ019!#$%&'*+.^_`|~-"), minLength: 1 });
  const value = fc.string({ unit: fc.constantFrom(...'\t !#[]~aZ09,="\\;é\u00ff') });
  const params = fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name.toLowerCase() });
  const withParams = fc.record({ scheme: token, params: params.map((list) => Object.fromEntries(list)) });
  const token68 = fc
    .tuple(fc.string({ unit: fc.constantFrom(..."abcXYZ019._~+/-"), minLength: 1 }), fc.nat(3))
    .map(([text, padding]) => text + "=".repeat(padding));
  const withToken68 = fc.record({ scheme: token, token68, params: fc.constant({}) });

  it("writes what parseChallenges reads", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(withParams, withToken68)), (challenges: Challenge[]) => {
        const header = challenges.map(formatChallenge).join(", ");
        const expected = challenges.map((challenge) => ({
          ...challenge,
          scheme: challenge.scheme.toLowerCase(),
          params: Object.fromEntries(
            Object.entries(challenge.params).map(([name, text]) => [name.toLowerCase(), text]),
          ),
        }));
        expect(plain(header)).toEqual(expected);
        // What is written fits into a header, and stays one header.
        expect(() => new Headers({ "www-authenticate": header })).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  it("writes parameters quoted, in their order", () => {
    expect(formatChallenge({ scheme: "Bearer", params: { realm: 'a "b" \\c', error: "invalid_token" } })).toBe(
      'Bearer realm="a \\"b\\" \\\\c", error="invalid_token"',
    );
    expect(formatChallenge({ scheme: "Negotiate", params: {} })).toBe("Negotiate");
  });

  it.each<[string, Challenge]>([
    ["a line break", { scheme: "Bearer", params: { realm: "a\r\nSet-Cookie: b" } }],
    ["a character beyond Latin-1", { scheme: "Bearer", params: { realm: "“a”" } }],
    ["a name that is no token", { scheme: "Bearer", params: { "a b": "c" } }],
    ["a scheme that is no token", { scheme: "Bearer realm=a,", params: {} }],
    ["a token68 with a space", { scheme: "Negotiate", token68: "a b", params: {} }],
    ["an empty token68", { scheme: "Negotiate", token68: "", params: {} }],
    ["a token68 and parameters", { scheme: "Negotiate", token68: "a", params: { b: "c" } }],
  ])("refuses %s", (_, challenge) => {
    expect(() => formatChallenge(challenge)).toThrow(
      expect.toSatisfy((error) => isSallyportError(error) && error.code === "config_invalid"),
    );
  });
});
