/** What a response asks for: RFC 6750 §3, RFC 9449 §7, RFC 9728 §5; DSC-03. */
import { describe, expect, it } from "vitest";
import { readOAuthChallenge } from "../../src/oauth/challenge.ts";

const read = (...lines: readonly string[]) => {
  const headers = new Headers();
  for (const line of lines) headers.append("www-authenticate", line);
  return readOAuthChallenge(new Response(null, { status: 401, headers }));
};

const metadata = "https://mcp.example/.well-known/oauth-protected-resource/mcp";

describe("readOAuthChallenge", () => {
  it("reads what a Bearer challenge says", () => {
    const line = `Bearer realm="mcp", error="invalid_token", error_description="It has expired.", scope="a b", resource_metadata="${metadata}"`;
    expect(read(line)).toEqual({
      scheme: "bearer",
      error: "invalid_token",
      errorDescription: "It has expired.",
      scope: "a b",
      resourceMetadata: metadata,
    });
  });

  it("does not mind the case of names, spaces, and values without quotes", () => {
    expect(read(`bEARER  Error=insufficient_scope ,SCOPE = "a:b"`)).toEqual({
      scheme: "bearer",
      error: "insufficient_scope",
      scope: "a:b",
    });
  });

  it("is nothing where there is no challenge, or one of another scheme", () => {
    expect(read()).toBeUndefined();
    expect(read('Basic realm="mcp"', "Negotiate YWJj")).toBeUndefined();
  });

  it("is a bare challenge too: some servers say no more", () => {
    expect(read("Bearer")).toEqual({ scheme: "bearer" });
  });

  it("is found among others, in one line or in several", () => {
    const wanted = { scheme: "bearer", resourceMetadata: metadata };
    expect(read(`Basic realm="a, Bearer", Bearer resource_metadata="${metadata}"`)).toEqual(wanted);
    expect(read("Negotiate YWJj==", 'Basic realm="mcp"', `Bearer resource_metadata="${metadata}"`)).toEqual(wanted);
  });

  it("takes DPoP as well (R28-12)", () => {
    expect(read(`DPoP algs="ES256 PS256", resource_metadata="${metadata}"`)).toEqual({
      scheme: "dpop",
      resourceMetadata: metadata,
    });
  });

  it("takes the error of the scheme that was used, wherever it stands (D49-11)", () => {
    const bearer = `Bearer resource_metadata="${metadata}", scope="a"`;
    const dpop = 'DPoP algs="ES256", error="use_dpop_nonce"';
    const wanted = { scheme: "dpop", error: "use_dpop_nonce", scope: "a", resourceMetadata: metadata };
    expect(read(bearer, dpop)).toEqual(wanted);
    expect(read(dpop, bearer)).toEqual(wanted);
  });

  it("prefers what the chosen challenge says itself", () => {
    const line = `DPoP scope="a", resource_metadata="https://other.example/a", Bearer error="invalid_token", scope="b", resource_metadata="${metadata}"`;
    expect(read(line)).toEqual({
      scheme: "bearer",
      error: "invalid_token",
      scope: "b",
      resourceMetadata: metadata,
    });
  });

  it("takes the one that names the metadata when nobody names an error", () => {
    expect(read("Bearer", `DPoP resource_metadata="${metadata}"`)).toMatchObject({ scheme: "dpop" });
  });

  it("takes a parameter without a value for one that is not there", () => {
    expect(read('Bearer error="", scope="", resource_metadata="", error_description=""')).toEqual({ scheme: "bearer" });
  });

  it("reads the first of two values with one name (B50-06)", () => {
    expect(read('Bearer scope="a", scope="b"')).toEqual({ scheme: "bearer", scope: "a" });
  });
});
