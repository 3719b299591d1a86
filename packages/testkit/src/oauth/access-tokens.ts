/**
 * What access tokens of the test authorization server are worth: JWTs by their signature (RFC 9068), opaque ones by
 * introspection (RFC 7662).
 */
import { jwtVerify } from "jose";
import type { VerifiedToken } from "./authorization-server-types.ts";
import type { Provider } from "./oidc-provider.ts";
import { parseObject } from "./request-log.ts";

/** The client that introspects. */
export interface Introspector {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Judges access tokens. */
export interface AccessTokens {
  verify(token: string): Promise<VerifiedToken | undefined>;
  /** Every JWT so far is worthless. */
  expire(): void;
}

/** Tells good tokens from others; remembers which JWTs were revoked, which no signature tells. */
export function accessTokens(provider: Provider, key: CryptoKey, introspector: Introspector): AccessTokens {
  const issued = new Map<string, string | undefined>();
  const dead = new Set<string>();
  provider.on("access_token.issued", ({ jti, grantId }) => void issued.set(jti, grantId));
  provider.on("client_credentials.issued", ({ jti }) => void issued.set(jti, undefined));
  provider.on("grant.revoked", (_context, revoked) => {
    for (const [jti, grantId] of issued) if (grantId === revoked) dead.add(jti);
  });

  const fromSignature = async (token: string): Promise<VerifiedToken | undefined> => {
    const result = await jwtVerify(token, key, { issuer: provider.issuer, typ: "at+jwt" }).catch(() => undefined);
    if (result === undefined || dead.has(result.payload.jti ?? "")) return undefined;
    return verifiedToken(result.payload);
  };

  const fromIntrospection = async (token: string): Promise<VerifiedToken | undefined> => {
    const credentials = Buffer.from(`${introspector.clientId}:${introspector.clientSecret}`).toString("base64");
    const response = await fetch(introspector.url, {
      method: "POST",
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ token }),
    });
    const answer = parseObject(await response.text());
    return answer["active"] === true ? verifiedToken(answer) : undefined;
  };

  return {
    verify: (token) => (token.split(".").length === 3 ? fromSignature(token) : fromIntrospection(token)),
    expire() {
      for (const jti of issued.keys()) dead.add(jti);
    },
  };
}

function verifiedToken(claims: Readonly<Record<string, unknown>>): VerifiedToken {
  const text = (name: string) => (typeof claims[name] === "string" ? claims[name] : undefined);
  const confirmation = claims["cnf"] as { readonly jkt?: string } | undefined;
  return {
    scopes: (text("scope") ?? "").split(" ").filter((scope) => scope !== ""),
    audience: text("aud"),
    clientId: text("client_id") ?? "",
    subject: text("sub"),
    keyThumbprint: confirmation?.jkt,
  };
}
