/**
 * Presets on tokens of the shapes that the vendors document, signed with a key of the test. Nobody on the network is asked.
 */
import type { JWTHeaderParameters, JWTPayload } from "jose";
import { SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import {
  auth0,
  clerk,
  cognito,
  entraId,
  google,
  type JwtPreset,
  jwtProvider,
  keycloak,
  oauthProvider,
  okta,
  supabase,
  workos,
} from "../../src/index.ts";
import { type TestKey, testKey } from "../issuer.ts";
import { verifyWith as verify } from "../verify-with.ts";

const resource = "https://mcp.example.com/mcp";
const tenantId = "9122040d-6c67-4c5b-b112-36a304b66dad";
const apiId = "6e74172b-be56-4843-9ff4-e66a39bb12e3";

interface Shape {
  readonly preset: JwtPreset;
  /** Where keys are fetched. */
  readonly keys: string;
  readonly header: Partial<JWTHeaderParameters>;
  readonly claims: JWTPayload;
  readonly scopes: readonly string[];
  /** Changes that make it a token that is not to be accepted. */
  readonly refused: Readonly<Record<string, { readonly claims?: Record<string, unknown>; readonly typ?: string }>>;
}

const shapes: Record<string, Shape> = {
  auth0: {
    preset: auth0({ domain: "my-domain.auth0.com", audience: "https://example.com/health-api" }),
    keys: "https://my-domain.auth0.com/.well-known/jwks.json",
    header: { typ: "JWT" },
    claims: {
      iss: "https://my-domain.auth0.com/",
      sub: "auth0|123456",
      aud: ["https://example.com/health-api", "https://my-domain.auth0.com/userinfo"],
      azp: "my_client_id",
      scope: "openid profile read:patients",
      permissions: ["delete:patients"],
    },
    scopes: ["openid", "profile", "read:patients"],
    refused: {
      "an ID token": { claims: { aud: "my_client_id", nonce: "n", scope: undefined } },
      "an issuer without its slash": { claims: { iss: "https://my-domain.auth0.com" } },
    },
  },
  "auth0 with the RFC 9068 profile": {
    preset: auth0({ domain: "my-domain.auth0.com", audience: "https://example.com/health-api", profile: "rfc9068" }),
    keys: "https://my-domain.auth0.com/.well-known/jwks.json",
    header: { typ: "at+jwt" },
    claims: {
      iss: "https://my-domain.auth0.com/",
      sub: "auth0|123456",
      aud: ["https://example.com/health-api", "https://my-domain.auth0.com/userinfo"],
      client_id: "my_client_id",
      jti: "73WakrfVbNJBaAmhQtEeDv",
      scope: "openid read:patients",
    },
    scopes: ["openid", "read:patients"],
    refused: { "a token of the other profile": { typ: "JWT" } },
  },
  okta: {
    preset: okta({ domain: "acme.okta.com", authorizationServerId: "aus1", audience: "https://mcp.example.com/mcp" }),
    keys: "https://acme.okta.com/oauth2/aus1/v1/keys",
    header: {},
    claims: {
      ver: 1,
      jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
      iss: "https://acme.okta.com/oauth2/aus1",
      aud: resource,
      cid: "0oa1",
      uid: "00u1",
      scp: ["openid", "mcp:read"],
      sub: "ada@example.com",
    },
    scopes: ["openid", "mcp:read"],
    refused: {
      "an ID token, were it for the same audience": { claims: { cid: undefined, scp: undefined, at_hash: "x" } },
      "a token of the organization's own server": { claims: { iss: "https://acme.okta.com" } },
    },
  },
  "entraId, version 2": {
    preset: entraId({ tenantId, audience: apiId }),
    keys: `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
    header: { typ: "JWT" },
    claims: {
      aud: apiId,
      iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      azp: "c0ffee00-0000-4000-8000-000000000001",
      azpacr: "0",
      oid: "00000000-0000-0000-66f3-3332eca7ea81",
      scp: "Mail.Read Mail.Send",
      sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
      tid: tenantId,
      ver: "2.0",
    },
    scopes: ["Mail.Read", "Mail.Send"],
    refused: {
      "an ID token of the same registration": { claims: { azp: undefined, scp: undefined, nonce: "n" } },
      "a token of another tenant": { claims: { tid: apiId } },
      "a token of version 1": { claims: { iss: `https://sts.windows.net/${tenantId}/` } },
    },
  },
  "entraId, version 1, an application": {
    preset: entraId({ tenantId, audience: `api://${apiId}`, version: 1 }),
    keys: `https://login.microsoftonline.com/${tenantId}/discovery/keys`,
    header: { typ: "JWT" },
    claims: {
      aud: `api://${apiId}`,
      iss: `https://sts.windows.net/${tenantId}/`,
      appid: "c0ffee00-0000-4000-8000-000000000001",
      roles: ["Mail.Read.All"],
      sub: "s",
      tid: tenantId,
      ver: "1.0",
    },
    scopes: ["Mail.Read.All"],
    refused: { "an ID token": { claims: { appid: undefined } } },
  },
  keycloak: {
    preset: keycloak({ url: "https://sso.example.com/auth/", realm: "demo", audience: resource }),
    keys: "https://sso.example.com/auth/realms/demo/protocol/openid-connect/certs",
    header: { typ: "JWT" },
    claims: {
      iss: "https://sso.example.com/auth/realms/demo",
      aud: [resource, "account"],
      sub: "f4b3",
      typ: "Bearer",
      azp: "demo-app",
      realm_access: { roles: ["offline_access"] },
      scope: "openid mcp:read",
    },
    scopes: ["openid", "mcp:read"],
    refused: {
      "an ID token": { claims: { typ: "ID" } },
      "a refresh token": { claims: { typ: "Refresh" } },
      "a token of another realm": { claims: { iss: "https://sso.example.com/auth/realms/master" } },
      "a token without an audience mapper": { claims: { aud: "account" } },
    },
  },
  google: {
    preset: google({ audience: resource, hostedDomain: "example.com" }),
    keys: "https://www.googleapis.com/oauth2/v3/certs",
    header: { typ: "JWT" },
    claims: {
      iss: "https://accounts.google.com",
      azp: "1008719970978.apps.googleusercontent.com",
      aud: resource,
      sub: "110169484474386276334",
      hd: "example.com",
      email: "ada@example.com",
      email_verified: true,
      at_hash: "x",
    },
    scopes: [],
    refused: {
      "a person of another domain": { claims: { hd: "other.example" } },
      "a person without a domain": { claims: { hd: undefined } },
    },
  },
  workos: {
    preset: workos({ domain: "acme.authkit.app", audience: resource }),
    keys: "https://acme.authkit.app/oauth2/jwks",
    header: {},
    claims: {
      iss: "https://acme.authkit.app",
      aud: resource,
      sub: "user_01HBEQKA6K4QJAS93VPE39W1JT",
      org_id: "org_01HRDMC6CM357W30QMHMQ96Q0S",
      role: "member",
      permissions: ["posts:read"],
      scope: "openid profile",
      sid: "session_01HQSXZGF8FHF7A9ZZFCW4387R",
    },
    scopes: ["openid", "profile", "posts:read"],
    refused: { "a token that was asked for without a resource": { claims: { aud: "client_01" } } },
  },
  clerk: {
    preset: clerk({ domain: "clerk.example.com", audience: resource }),
    keys: "https://clerk.example.com/.well-known/jwks.json",
    header: { typ: "at+jwt" },
    claims: {
      iss: "https://clerk.example.com",
      aud: resource,
      sub: "user_2abc",
      client_id: "client_1",
      jti: "oat_1",
      scope: "email mcp:read",
    },
    scopes: ["email", "mcp:read"],
    refused: {
      "a session token": { typ: "JWT", claims: { client_id: undefined, aud: undefined, azp: "https://app.example" } },
      "an ID token": { typ: "JWT", claims: { aud: "client_1" } },
      "a token without an audience": { claims: { aud: undefined } },
    },
  },
  supabase: {
    preset: supabase({ url: "https://abc.supabase.co", audience: "authenticated" }),
    keys: "https://abc.supabase.co/auth/v1/.well-known/jwks.json",
    header: { typ: "JWT" },
    claims: {
      sub: "user-uuid",
      role: "authenticated",
      aud: "authenticated",
      email: "user@example.com",
      client_id: "9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d",
      aal: "aal1",
      amr: [{ method: "password", timestamp: 1735815600 }],
      session_id: "session-uuid",
      iss: "https://abc.supabase.co/auth/v1",
    },
    scopes: [],
    refused: {
      "a token of a session": { claims: { client_id: undefined } },
      "an anonymous key": { claims: { aud: "anon", role: "anon" } },
      "an ID token": { claims: { aud: "9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d" } },
    },
  },
  "cognito with resource binding": {
    preset: cognito({ userPoolId: "us-east-1_Example", audience: resource }),
    keys: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example/.well-known/jwks.json",
    header: {},
    claims: {
      sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
      iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example",
      version: 2,
      client_id: "xxxxxxxxxxxxexample",
      aud: resource,
      token_use: "access",
      scope: "phone openid mcp/read",
      username: "my-test-user",
    },
    scopes: ["phone", "openid", "mcp/read"],
    refused: {
      "an ID token": { claims: { token_use: "id" } },
      "a token without a resource": { claims: { aud: undefined } },
    },
  },
  "cognito without resource binding": {
    preset: cognito({ userPoolId: "us-east-1_Example", clientIds: ["xxxxxxxxxxxxexample"] }),
    keys: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example/.well-known/jwks.json",
    header: {},
    claims: {
      sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
      iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example",
      client_id: "xxxxxxxxxxxxexample",
      token_use: "access",
      scope: "aws.cognito.signin.user.admin",
    },
    scopes: ["aws.cognito.signin.user.admin"],
    refused: {
      "an ID token, whose audience is the client": { claims: { token_use: "id", aud: "xxxxxxxxxxxxexample" } },
      "a token of another client": { claims: { client_id: "another" } },
    },
  },
};

let key: TestKey;
beforeAll(async () => {
  key = await testKey("RS256");
});

function sign(claims: Record<string, unknown>, typ: string | undefined): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iat: now, exp: now + 300, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "key-1", ...(typ !== undefined && { typ }) })
    .sign(key.privateKey);
}

describe.each(Object.entries(shapes))("%s", (_name, { preset, keys, header, claims, scopes, refused }) => {
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = async (url) => {
    asked.push(String(url));
    return Response.json({ keys: [key.jwk] });
  };

  test("an access token is accepted, with keys from where the vendor has them", async () => {
    const token = await verify(jwtProvider({ ...preset, fetch }), await sign(claims, header.typ));
    expect(token).toMatchObject({ subject: claims.sub, scopes });
    expect(asked).toEqual([keys]);
  });

  test.each([
    ...Object.entries(refused),
    ["a token for another server", { claims: { aud: "https://other.example.com", client_id: "other" } }] as const,
    ["a token of another issuer", { claims: { iss: "https://other.example.com" } }] as const,
  ])("%s is refused", async (_refused, change) => {
    const token = await sign({ ...claims, ...change.claims }, change.typ ?? header.typ);
    expect(await verify(jwtProvider({ ...preset, fetch }), token)).toBeNull();
  });

  test("the preset serves oauthProvider too, which publishes the issuer", () => {
    const { metadata } = oauthProvider({ ...preset, resource });
    expect(metadata?.options.authorizationServers).toEqual([claims.iss]);
  });
});

test.each<[string, () => JwtPreset]>([
  ["a domain with its scheme", () => auth0({ domain: "https://tenant.auth0.com", audience: resource })],
  ["a domain with a path", () => workos({ domain: "acme.authkit.app/x", audience: resource })],
  ["a domain that is none", () => clerk({ domain: "clerk", audience: resource })],
  ["a path for an id", () => okta({ domain: "acme.okta.com", authorizationServerId: "../v1", audience: resource })],
  ["every tenant (TOK-08)", () => entraId({ tenantId: "common", audience: apiId })],
  ["Keycloak over plain http", () => keycloak({ url: "http://sso.example.com", realm: "a", audience: resource })],
  ["a path for a realm", () => keycloak({ url: "https://sso.example.com", realm: "a/b", audience: resource })],
  ["a pool without its region", () => cognito({ userPoolId: "AbCdEf", audience: resource })],
  ["a domain that is no domain", () => google({ audience: resource, hostedDomain: "*" })],
  ["a project's reference for its URL", () => supabase({ url: "abc", audience: resource })],
])("%s is config_invalid", (_name, preset) => {
  expect(preset).toThrow(expect.objectContaining({ code: "config_invalid" }));
});

test("a preset without an audience is refused where it is used", () => {
  const preset = auth0({ domain: "tenant.auth0.com", audience: undefined as never });
  expect(() => jwtProvider(preset)).toThrow(expect.objectContaining({ code: "config_invalid" }));
});
