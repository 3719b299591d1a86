/**
 * Auth0. Checked against "Access Token Profiles", "Validate Access Tokens" and the guide to its MCP support.
 */
import { checkHost, type JwtPreset } from "./preset.ts";

/** What to say about an Auth0 tenant. */
export interface Auth0Options {
  /** Host of the tenant or its custom domain, as in `iss`: `tenant.eu.auth0.com`. */
  readonly domain: string;
  /** Identifier of the API. The MCP endpoint's URL, where the tenant takes `resource` for it (Resource Parameter Compatibility Profile). */
  readonly audience: string | readonly string[];
  /** Access token profile of the API: `auth0` does not mark access tokens, `rfc9068` does. Default `auth0`. */
  readonly profile?: "auth0" | "rfc9068";
}

/**
 * Access tokens of Auth0. The issuer ends with a slash. ID tokens have the client for their audience, so that an API's identifier
 * keeps them out; a token without an API is opaque and not accepted.
 *
 * Scopes are the claim `scope`. With RBAC there is `permissions` too: everything that the user may do, whatever was asked for.
 * Add it with `scopeClaims: ["scope", "permissions"]` if that is what you mean.
 *
 * @throws SallyportError (`config_invalid`) when the domain is no host name.
 *
 * @example
 * ```ts
 * import { auth0, oauthProvider } from "@sallyport/server";
 *
 * const resource = "https://mcp.example.com/mcp";
 * const auth = oauthProvider({ ...auth0({ domain: "tenant.eu.auth0.com", audience: resource }), resource });
 * ```
 */
export function auth0({ domain, audience, profile = "auth0" }: Auth0Options): JwtPreset {
  const origin = `https://${checkHost(domain, "auth0: domain", "tenant.eu.auth0.com")}`;
  return {
    issuer: `${origin}/`,
    audience,
    jwksUri: `${origin}/.well-known/jwks.json`,
    typ: profile === "rfc9068" ? "at+jwt" : false,
    scopeClaims: ["scope"],
  };
}
