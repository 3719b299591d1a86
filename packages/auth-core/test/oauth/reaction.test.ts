/** What a response of the MCP server asks for: CHL-01, CHL-16, CHL-17. */
import { describe, expect, it } from "vitest";
import { reactionTo } from "../../src/oauth/reaction.ts";

const answer = (status: number, ...challenges: readonly string[]): Response => {
  const headers = new Headers();
  for (const challenge of challenges) headers.append("www-authenticate", challenge);
  return new Response(null, { status, headers });
};

describe("reactionTo", () => {
  it.each([200, 202, 204, 302, 400, 404, 405, 407, 429, 500, 503])("hands over a %i", (status) => {
    expect(reactionTo(answer(status, 'Bearer error="invalid_token"'))).toEqual({ type: "hand-over" });
  });

  it("gets a token after a 401, with a challenge or without", () => {
    expect(reactionTo(answer(401))).toEqual({ type: "renew", challenge: undefined });
    expect(reactionTo(answer(401, 'Basic realm="a"'))).toEqual({ type: "renew", challenge: undefined });
    expect(reactionTo(answer(401, 'Bearer error="invalid_token", scope="a"'))).toEqual({
      type: "renew",
      challenge: { scheme: "bearer", error: "invalid_token", scope: "a" },
    });
  });

  it("steps up after a 403 that says so, and only then (CHL-16)", () => {
    const challenge = { scheme: "bearer", error: "insufficient_scope", scope: "a b" };
    expect(reactionTo(answer(403, 'Bearer error="insufficient_scope", scope="a b"'))).toEqual({
      type: "step-up",
      challenge,
    });
    for (const line of ['Bearer error="invalid_token"', 'Bearer scope="a"', 'Basic realm="insufficient_scope"']) {
      expect(reactionTo(answer(403, line))).toEqual({ type: "hand-over" });
    }
    expect(reactionTo(answer(403))).toEqual({ type: "hand-over" });
  });

  it("steps up after a 401 that should have been a 403", () => {
    expect(reactionTo(answer(401, 'Bearer error="insufficient_scope"'))).toMatchObject({ type: "step-up" });
  });

  it("proves again with the nonce of a 401 (RFC 9449 §9, DP-02)", () => {
    expect(reactionTo(answer(401, 'DPoP error="use_dpop_nonce", algs="ES256"'))).toEqual({ type: "prove-again" });
    expect(reactionTo(answer(401, "Bearer", 'DPoP error="use_dpop_nonce"'))).toEqual({ type: "prove-again" });
    expect(reactionTo(answer(403, 'DPoP error="use_dpop_nonce"'))).toEqual({ type: "hand-over" });
  });

  it("gets another token when a proof was refused for another reason", () => {
    expect(reactionTo(answer(401, 'DPoP error="invalid_dpop_proof"'))).toMatchObject({ type: "renew" });
  });
});
