/** What is known of a grant: how long it can be used, and for what. */
import { describe, expect, it } from "vitest";
import { covers, type Grant, grantedScopes, isAlive, isFresh } from "../../../src/oauth/tokens/grant.ts";
import type { TokenSet } from "../../../src/oauth/tokens/token-set.ts";

const issuedAt = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

const grant = (more: Partial<TokenSet> = {}): Grant => ({
  discovery: {
    resource: "https://mcp.example/mcp",
    issuer: "https://as.example",
    server: { issuer: "https://as.example" },
  },
  clientId: "client-1",
  tokens: { accessToken: "access-1", tokenType: "bearer", issuedAt, ...more },
});

describe("scopes", () => {
  it("of a grant are those granted, and cover what is among them", () => {
    const some = grant({ scope: "read write" });
    expect([...grantedScopes(some)]).toEqual(["read", "write"]);
    expect(covers(some, ["write"])).toBe(true);
    expect(covers(some, ["write", "admin"])).toBe(false);
    expect(covers(some, [])).toBe(true);
    expect(covers(grant(), ["read"])).toBe(false);
  });
});

describe("isFresh", () => {
  it("is so until a minute before the end", () => {
    const one = grant({ expiresAt: issuedAt + hour });
    expect(isFresh(one, issuedAt + hour - 60_001)).toBe(true);
    expect(isFresh(one, issuedAt + hour - 60_000)).toBe(false);
  });

  it("is so for nine tenths of a short life", () => {
    const short = grant({ expiresAt: issuedAt + 30_000 });
    expect(isFresh(short, issuedAt)).toBe(true);
    expect(isFresh(short, issuedAt + 26_999)).toBe(true);
    expect(isFresh(short, issuedAt + 27_000)).toBe(false);
  });

  it("is so without a known end, and with a clock that was set back", () => {
    expect(isFresh(grant(), issuedAt + 1000 * hour)).toBe(true);
    expect(isFresh(grant({ expiresAt: issuedAt + hour }), issuedAt - 1000 * hour)).toBe(true);
  });
});

describe("isAlive", () => {
  it("is so until the end, or without one", () => {
    const one = grant({ expiresAt: issuedAt + hour });
    expect(isAlive(one, issuedAt + hour - 1)).toBe(true);
    expect(isAlive(one, issuedAt + hour)).toBe(false);
    expect(isAlive(grant(), issuedAt + 1000 * hour)).toBe(true);
  });
});
