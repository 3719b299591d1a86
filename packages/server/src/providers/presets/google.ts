/**
 * Google. Checked against "Verify the Google ID token on your server side" and its discovery document.
 */
import { checkHost, type JwtPreset } from "./preset.ts";

/** What to say about the callers. */
export interface GoogleOptions {
  /** The OAuth client id of people's ID tokens, or what service accounts ask their ID tokens for: the server's URL. */
  readonly audience: string | readonly string[];
  /** Google Workspace domain that people must belong to: the claim `hd`. Service accounts have none. */
  readonly hostedDomain?: string;
}

/**
 * ID tokens of Google: for service accounts that ask for one with this server's URL as audience, and for people where the client
 * sends its ID token. Google's access tokens are opaque, for Google alone, and not accepted. There are no scopes in ID tokens.
 *
 * @throws SallyportError (`config_invalid`) when the hosted domain is no host name.
 *
 * @example
 * ```ts
 * import { google, jwtProvider } from "@sallyport/server";
 *
 * const auth = jwtProvider(google({ audience: "https://mcp.example.com/mcp" }));
 * ```
 */
export function google({ audience, hostedDomain }: GoogleOptions): JwtPreset {
  return {
    issuer: "https://accounts.google.com",
    audience,
    jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
    algorithms: ["RS256"],
    typ: "JWT",
    scopeClaims: [],
    ...(hostedDomain !== undefined && {
      requiredClaims: { hd: checkHost(hostedDomain, "google: hostedDomain", "example.com") },
    }),
  };
}
