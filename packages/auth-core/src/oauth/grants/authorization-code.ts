/**
 * The authorization code grant, second half: RFC 6749 §4.1.3, RFC 7636 §4.5.
 */
import { authorizationCodeGrantRequest } from "oauth4webapi";
import type { PendingAuthorization } from "../authorization.ts";
import { type GrantContext, requestTokens } from "../messages/token-request.ts";
import type { TokenSet } from "../tokens/token-set.ts";

/**
 * Tokens for a code. A code is good for one request (OAuth 2.1 §4.1.3), so it is sent once, and again only to a server
 * that wants its nonce first (RFC 9449 §8).
 *
 * @param parameters - what `judgeAuthorizationResponse` gave.
 */
export function redeemCode(
  context: GrantContext,
  parameters: URLSearchParams,
  { redirectUri, verifier }: PendingAuthorization,
): Promise<TokenSet> {
  const { server, identity, resource } = context;
  return requestTokens(context, {
    what: "The exchange of the authorization code",
    send: (options) =>
      authorizationCodeGrantRequest(
        server,
        identity.client,
        identity.authentication,
        parameters,
        redirectUri,
        verifier,
        {
          ...options,
          additionalParameters: { resource },
        },
      ),
  });
}
