/**
 * WorkOS AuthKit. Checked against "Model Context Protocol", "MCP resource indicator" and "Session tokens".
 */
import { checkHost, type JwtPreset } from "./preset.ts";

/** What to say about an AuthKit environment. */
export interface WorkosOptions {
  /** The AuthKit domain: `acme.authkit.app`. */
  readonly domain: string;
  /** The MCP resource indicator of the dashboard: the MCP endpoint's URL. Without one tokens are for the client that asked. */
  readonly audience: string | readonly string[];
}

/**
 * Access tokens of AuthKit. They are not marked as access tokens; ID tokens have the client for their audience, so that a resource
 * indicator keeps them out. Scopes are `scope`, and the `permissions` of the role that the user has in the organization.
 *
 * @throws SallyportError (`config_invalid`) when the domain is no host name.
 *
 * @example
 * ```ts
 * import { oauthProvider, workos } from "@sallyport/server";
 *
 * const resource = "https://mcp.example.com/mcp";
 * const auth = oauthProvider({ ...workos({ domain: "acme.authkit.app", audience: resource }), resource });
 * ```
 */
export function workos({ domain, audience }: WorkosOptions): JwtPreset {
  const issuer = `https://${checkHost(domain, "workos: domain", "acme.authkit.app")}`;
  return {
    issuer,
    audience,
    jwksUri: `${issuer}/oauth2/jwks`,
    typ: false,
    scopeClaims: ["scope", "permissions"],
  };
}
