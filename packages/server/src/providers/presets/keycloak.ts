/**
 * Keycloak. Checked against its server administration guide (audience support) and tokens of version 26.
 */
import { checkBase, checkForm, type JwtPreset } from "./preset.ts";

/** What to say about a realm. */
export interface KeycloakOptions {
  /** Where Keycloak is, with its path if it has one: `https://sso.example.com`. */
  readonly url: string;
  readonly realm: string;
  /** What an audience mapper puts into `aud`. Without a mapper tokens are for `account`, or for nobody. */
  readonly audience: string | readonly string[];
}

/**
 * Access tokens of Keycloak. The header's `typ` is `JWT`, unless the client is told to use `at+jwt`; what a token is, is the claim
 * `typ`: `Bearer` or `DPoP`, while an ID token is `ID`. Scopes are the claim `scope`.
 *
 * @throws SallyportError (`config_invalid`) when the URL or the realm is none.
 *
 * @example
 * ```ts
 * import { jwtProvider, keycloak } from "@sallyport/server";
 *
 * const audience = "https://mcp.example.com/mcp";
 * const auth = jwtProvider(keycloak({ url: "https://sso.example.com", realm: "staff", audience }));
 * ```
 */
export function keycloak({ url, realm, audience }: KeycloakOptions): JwtPreset {
  const name = checkForm(realm, /^[\w.~-]+$/, "keycloak: realm", "staff");
  const issuer = `${checkBase(url, "keycloak: url")}/realms/${name}`;
  return {
    issuer,
    audience,
    jwksUri: `${issuer}/protocol/openid-connect/certs`,
    typ: false,
    scopeClaims: ["scope"],
    requiredClaims: { typ: ["Bearer", "DPoP"] },
  };
}
