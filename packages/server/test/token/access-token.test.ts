/**
 * A token that cannot be changed, and does not show itself (punkpeye/mcp-remote and others: tokens leak into pasted logs,
 * xdevplatform/xmcp#12).
 */
import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { AccessToken } from "../../src/index.ts";

const secret = "sk-live-42";
const make = (): AccessToken =>
  new AccessToken({
    token: secret,
    claims: { sub: "ada", email: "ada@example.com", groups: ["a"], address: { city: "London" } },
    scopes: ["read"],
    expiresAt: 2_000_000_000,
  });

describe("the credential", () => {
  it("is there for those who ask for it", () => {
    expect(make().token).toBe(secret);
  });

  it("is in nothing that prints, copies or walks the object", () => {
    const token = make();
    const forms = [
      JSON.stringify(token),
      JSON.stringify({ deep: [token] }),
      inspect(token, { showHidden: true, depth: 9, getters: true }),
      inspect({ deep: { token } }, { depth: 9 }),
      format("%s %o %O %j", token, token, token, token),
      String(token),
      JSON.stringify({ ...token }),
      JSON.stringify(structuredClone({ ...token })),
      JSON.stringify(Object.assign({}, token)),
      JSON.stringify(Reflect.ownKeys(token).map((key) => String(Reflect.get(token, key)))),
    ];
    for (const form of forms) expect(form).not.toContain(secret);
    expect(JSON.parse(JSON.stringify(token))).toEqual({
      token: "[redacted]",
      subject: "ada",
      scopes: ["read"],
      expiresAt: 2_000_000_000,
      claims: { sub: "ada", email: "ada@example.com", groups: ["a"], address: { city: "London" } },
    });
    expect(inspect(token)).toContain("[redacted]");
  });
});

it("cannot be changed, at any depth", () => {
  const token = make();
  const attempts = [
    () => Object.assign(token, { subject: "eve" }),
    () => (token.scopes as string[]).push("admin"),
    () => Object.assign(token.claims, { sub: "eve" }),
    () => (token.claims["groups"] as string[]).push("admin"),
    () => Object.assign(token.claims["address"] as object, { city: "Paris" }),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(TypeError);
});

it("does not follow what it was made from", () => {
  const claims = { sub: "ada", groups: ["a"] };
  const scopes = ["read"];
  const token = new AccessToken({ token: secret, claims, scopes });
  claims.sub = "eve";
  claims.groups.push("admin");
  scopes.push("admin");
  expect([token.subject, token.claims["groups"], token.scopes]).toEqual(["ada", ["a"], ["read"]]);
});

it("takes its subject from the claims unless told", () => {
  expect(new AccessToken({ token: secret, claims: { sub: "ada" } }).subject).toBe("ada");
  expect(new AccessToken({ token: secret, claims: { sub: "ada" }, subject: "bob" }).subject).toBe("bob");
  expect(new AccessToken({ token: secret, claims: { sub: 1 } }).subject).toBeUndefined();
  expect(new AccessToken({ token: secret }).subject).toBeUndefined();
});

it("knows its scopes exactly", () => {
  const token = new AccessToken({ token: secret, scopes: ["mail.read"] });
  expect(token.hasScope("mail.read")).toBe(true);
  for (const other of ["mail", "mail.read ", "MAIL.READ", "mail.read mail.read", "", "length"]) {
    expect(token.hasScope(other)).toBe(false);
  }
});

it.each([
  { token: "" },
  { token: undefined },
  { token: secret, expiresAt: Number.NaN },
  { token: secret, expiresAt: Number.POSITIVE_INFINITY },
  { token: secret, expiresAt: "2030-01-01" },
  { token: secret, expiresAt: new Date() },
  { token: secret, expiresAt: null },
  { token: secret, scopes: "read write" },
  { token: secret, scopes: [1] },
  { token: secret, claims: "x" },
  { token: secret, claims: [] },
  { token: secret, claims: null },
])("refuses what it could not judge: %j", (init) => {
  let failure: unknown;
  try {
    new AccessToken(init as never);
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(TypeError);
  expect(String(failure)).not.toContain(secret);
});
