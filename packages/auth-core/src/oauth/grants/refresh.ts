/**
 * The refresh token grant: RFC 6749 §6.
 */
import { refreshTokenGrantRequest } from "oauth4webapi";
import { type GrantContext, requestTokens } from "../messages/token-request.ts";
import type { TokenSet } from "../tokens/token-set.ts";

/**
 * New tokens for a refresh token: the old one is kept unless the server issues another (REF-05, REF-06). No scope is named:
 * that asks for the scopes of the old ones (§6), and a refresh cannot widen them (STEP-07).
 *
 * @throws SallyportError `refresh_failed`; with `oauthError` `invalid_grant` the refresh token is dead.
 */
export function refreshTokens(context: GrantContext, tokens: TokenSet): Promise<TokenSet> {
  const { server, identity, resource } = context;
  const { refreshToken = "", scope } = tokens;
  return requestTokens(
    { ...context, ...(scope !== undefined && { scope }) },
    {
      code: "refresh_failed",
      what: "The refresh of the tokens",
      refreshToken,
      send: (options) =>
        refreshTokenGrantRequest(server, identity.client, identity.authentication, refreshToken, {
          ...options,
          additionalParameters: { resource },
        }),
    },
  );
}
