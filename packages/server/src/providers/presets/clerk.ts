/**
 * Clerk. Checked against "JWT format support for OAuth access tokens" and the token types of its backend SDK.
 */
import { checkHost, type JwtPreset } from "./preset.ts";

/** What to say about a Clerk instance. */
export interface ClerkOptions {
  /** Host of the Frontend API URL: `clerk.example.com`, or `verb-noun-42.clerk.accounts.dev`. */
  readonly domain: string;
  /** The resource that the client asked a token for: the MCP endpoint's URL. Tokens without an audience are not accepted. */
  readonly audience: string | readonly string[];
}

/**
 * OAuth access tokens of Clerk, as JWTs: the setting "Generate access tokens as JWTs" of the instance. They are marked `at+jwt`,
 * which keeps session tokens and ID tokens out. Opaque ones (`oat_…`) are not accepted. Scopes are `scope` or `scp`.
 *
 * @throws SallyportError (`config_invalid`) when the domain is no host name.
 *
 * @example
 * ```ts
 * import { clerk, oauthProvider } from "@sallyport/server";
 *
 * const resource = "https://mcp.example.com/mcp";
 * const auth = oauthProvider({ ...clerk({ domain: "clerk.example.com", audience: resource }), resource });
 * ```
 */
export function clerk({ domain, audience }: ClerkOptions): JwtPreset {
  const issuer = `https://${checkHost(domain, "clerk: domain", "clerk.example.com")}`;
  return {
    issuer,
    audience,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    typ: "at+jwt",
    scopeClaims: ["scope", "scp"],
    requiredClaims: { client_id: true },
  };
}
