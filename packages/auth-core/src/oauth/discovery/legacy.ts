/**
 * Discovery as MCP 2025-03-26 had it, for servers that are their own authorization server (ASM-10). Only on demand.
 */
import type { AuthorizationServer } from "oauth4webapi";
import type { UrlRules } from "../../http/secure-url.ts";
import type { Attempts } from "./attempts.ts";
import { findServerMetadata } from "./server-metadata.ts";

/** The metadata at the origin of the server, or else the endpoints that have always been there. */
export async function legacyServer(
  serverUrl: string,
  attempts: Attempts,
  rules: UrlRules,
): Promise<AuthorizationServer> {
  const { origin } = new URL(serverUrl);
  // The revision names no issuer; some publish it with a slash.
  const found = await findServerMetadata(origin, attempts, rules, [origin, `${origin}/`]);
  if (found !== undefined) return found;
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    // The revision requires PKCE of every server, and these have no metadata to say so.
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_post", "client_secret_basic"],
  };
}
