/**
 * Okta. Checked against "Validate access tokens" and the documentation of its JWT verifier.
 */
import { checkForm, checkHost, type JwtPreset } from "./preset.ts";

/** What to say about an Okta organization. */
export interface OktaOptions {
  /** Host of the organization or its custom domain, as in `iss`: `acme.okta.com`. */
  readonly domain: string;
  /** Id of the custom authorization server. Default `default`. */
  readonly authorizationServerId?: string;
  /** Audience of that authorization server. That of `default` is `api://default` unless it was changed, for every API of the organization. */
  readonly audience: string | readonly string[];
}

/**
 * Access tokens of a custom authorization server of Okta. Those of the organization's own server are for Okta alone and cannot
 * be verified. The header has no `typ`; an ID token has no `cid`, by which it is kept out. Scopes are the list `scp`.
 *
 * @throws SallyportError (`config_invalid`) when the domain is no host name, or the id none.
 *
 * @example
 * ```ts
 * import { jwtProvider, okta } from "@sallyport/server";
 *
 * const auth = jwtProvider(okta({ domain: "acme.okta.com", audience: "https://mcp.example.com/mcp" }));
 * ```
 */
export function okta({ domain, authorizationServerId = "default", audience }: OktaOptions): JwtPreset {
  const host = checkHost(domain, "okta: domain", "acme.okta.com");
  const id = checkForm(authorizationServerId, /^\w+$/, "okta: authorizationServerId", "aus1a2b3c4d5e6f7g8h9");
  const issuer = `https://${host}/oauth2/${id}`;
  return {
    issuer,
    audience,
    jwksUri: `${issuer}/v1/keys`,
    typ: false,
    scopeClaims: ["scp"],
    requiredClaims: { cid: true },
  };
}
