/**
 * Whether an authorization server still knows a client that registered there some time ago (pain 6). Servers forget clients:
 * they are reset, moved, or tidy up.
 *
 * At the authorization endpoint only the person would hear of it, on a page, and no answer would ever come (RFC 6749
 * §4.1.2.1). So the token endpoint is asked before the person is sent away: offered a code that nobody has issued, it
 * answers `invalid_client` to a stranger and `invalid_grant` to a client that it knows (§5.2).
 */
import { generateRandomCodeVerifier, genericTokenEndpointRequest } from "oauth4webapi";
import type { Discovery } from "../discovery/discovery.ts";
import { oauthErrorOf } from "../errors.ts";
import type { MessageContext } from "../messages/message.ts";
import { requestTokens } from "../messages/token-request.ts";
import type { ClientIdentity } from "../registration.ts";

/**
 * Whether the server says that it does not know the client. Any other answer, or none, leaves it at what is known.
 *
 * @param redirectUri - that of the registration.
 * @returns rejects with the reason of the signal.
 */
export async function isForgotten(
  { server, resource }: Discovery,
  identity: ClientIdentity,
  redirectUri: string,
  context: MessageContext,
): Promise<boolean> {
  const [code, verifier] = [generateRandomCodeVerifier(), generateRandomCodeVerifier()];
  const parameters = { code, code_verifier: verifier, redirect_uri: redirectUri, resource };
  try {
    await requestTokens(
      { ...context, server, resource, identity },
      {
        what: "The question whether the client is still known",
        send: (options) =>
          genericTokenEndpointRequest(
            server,
            identity.client,
            identity.authentication,
            "authorization_code",
            parameters,
            options,
          ),
      },
    );
    return false;
  } catch (error) {
    context.signal?.throwIfAborted();
    return oauthErrorOf(error) === "invalid_client";
  }
}
