/**
 * Supabase. Checked against "OAuth 2.1 server: token security", "JWT claims reference" and "Custom access token hook".
 */
import { checkBase, type JwtPreset } from "./preset.ts";

/** What to say about a project. */
export interface SupabaseOptions {
  /** URL of the project: `https://<project-ref>.supabase.co`, or its custom domain. */
  readonly url: string;
  /**
   * What a custom access token hook puts into `aud` for this server. Without a hook it is always `authenticated`, which lets in
   * every token that the project's OAuth server issues, for whatever server it was meant (TOK-08).
   */
  readonly audience: string | readonly string[];
}

/**
 * Access tokens of the OAuth 2.1 server of a Supabase project. The project must sign with an asymmetric key: tokens signed with the
 * legacy secret are not accepted. Only tokens of OAuth clients are, which have a `client_id`; those of the project's own sessions
 * have none. Supabase puts no scopes into access tokens; a hook may add `scope`.
 *
 * @throws SallyportError (`config_invalid`) when the URL is none.
 *
 * @example
 * ```ts
 * import { oauthProvider, supabase } from "@sallyport/server";
 *
 * const resource = "https://mcp.example.com/mcp";
 * const auth = oauthProvider({ ...supabase({ url: "https://abc.supabase.co", audience: resource }), resource });
 * ```
 */
export function supabase({ url, audience }: SupabaseOptions): JwtPreset {
  const issuer = `${checkBase(url, "supabase: url")}/auth/v1`;
  return {
    issuer,
    audience,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    typ: "JWT",
    scopeClaims: ["scope"],
    requiredClaims: { client_id: true },
  };
}
