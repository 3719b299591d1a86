/**
 * Against a real authorization server: tokens as it issues, introspects and revokes them.
 */
import { type TestAuthorizationServer, testAuthorizationServer } from "@sallyport/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { introspectionProvider, oauthProvider } from "../../../src/index.ts";
import { signedIn } from "../../signed-in.ts";
import { verifyWith as verify } from "../../verify-with.ts";

const resource = "https://mcp.example.com/mcp";
const credentials = { clientId: "resource-server", clientSecret: "resource-server-secret" };

let opaque: TestAuthorizationServer;
let signing: TestAuthorizationServer;
const clients = [{ clientId: "desktop" }];
beforeAll(async () => {
  opaque = await testAuthorizationServer({ accessTokens: "opaque", clients });
  signing = await testAuthorizationServer({ accessTokens: "jwt", clients });
});
afterAll(async () => {
  await opaque.close();
  await signing.close();
  expect([...opaque.failures, ...signing.failures]).toEqual([]);
});

test("an opaque token is introspected, and refused once it is revoked", async () => {
  const auth = introspectionProvider({
    issuer: opaque.issuer,
    audience: resource,
    ...credentials,
    cache: { maxAgeMs: 0 },
  });
  const { accessToken } = await signedIn(opaque, resource, "mcp:read");
  expect(await verify(auth, accessToken)).toMatchObject({ scopes: ["mcp:read"], subject: "ada" });
  opaque.expireAccessTokens();
  expect(await verify(auth, accessToken)).toBeNull();
});

test("a refresh token, an ID token and a token for another resource are no access tokens for this one", async () => {
  const auth = introspectionProvider({ issuer: opaque.issuer, audience: resource, ...credentials });
  const { refreshToken, idToken } = await signedIn(opaque, resource, "openid mcp:read");
  const other = await signedIn(opaque, "https://other.example.com/mcp", "mcp:read");
  for (const token of [refreshToken, idToken, other.accessToken]) expect(await verify(auth, token)).toBeNull();
});

test("wrong credentials are the operator's mistake, not the caller's", async () => {
  const auth = introspectionProvider({
    issuer: opaque.issuer,
    audience: resource,
    clientId: "resource-server",
    clientSecret: "wrong",
  });
  const { accessToken } = await signedIn(opaque, resource, "mcp:read");
  await expect(verify(auth, accessToken)).rejects.toMatchObject({ code: "temporarily_unavailable" });
});

test("oauthProvider verifies JWTs with the keys of the server, and refuses its ID tokens (J68-01)", async () => {
  const auth = oauthProvider({ issuer: signing.issuer, resource, scopes: ["mcp:read"] });
  const { accessToken, idToken, refreshToken } = await signedIn(signing, resource, "openid mcp:read");
  expect(accessToken.split(".")).toHaveLength(3);
  expect(await verify(auth, accessToken)).toMatchObject({ scopes: ["mcp:read"], subject: "ada" });
  for (const token of [idToken, refreshToken]) expect(await verify(auth, token)).toBeNull();
  const other = await signedIn(signing, "https://other.example.com/mcp", "mcp:read");
  expect(await verify(auth, other.accessToken)).toBeNull();
  expect(signing.count("introspection")).toBe(0);
});

test("oauthProvider introspects opaque tokens when it has credentials", async () => {
  const auth = oauthProvider({ issuer: opaque.issuer, resource, introspection: credentials });
  const { accessToken } = await signedIn(opaque, resource, "mcp:write");
  expect(await verify(auth, accessToken)).toMatchObject({ scopes: ["mcp:write"] });
  const without = oauthProvider({ issuer: opaque.issuer, resource });
  expect(await verify(without, accessToken)).toBeNull();
});
