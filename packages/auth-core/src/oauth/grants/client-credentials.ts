/**
 * The client credentials grant: RFC 6749 §4.4, MCP OAuth Client Credentials extension.
 */
import { clientCredentialsGrantRequest } from "oauth4webapi";
import { commonParameters, type GrantContext, requestTokens } from "../messages/token-request.ts";
import type { TokenSet } from "../tokens/token-set.ts";

/** Tokens for the client itself (CC-02). */
export function clientCredentials(context: GrantContext): Promise<TokenSet> {
  const { server, identity } = context;
  return requestTokens(context, {
    what: "The request for tokens with the client's credentials",
    send: (options) =>
      clientCredentialsGrantRequest(
        server,
        identity.client,
        identity.authentication,
        commonParameters(context),
        options,
      ),
  });
}
