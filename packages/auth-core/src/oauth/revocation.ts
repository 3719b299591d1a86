/**
 * Ending tokens at the authorization server: RFC 7009.
 */
import { type AuthorizationServer, processRevocationResponse, revocationRequest } from "oauth4webapi";
import { endpointName, type MessageContext, messageError, requestOptions } from "./messages/message.ts";
import type { ClientIdentity } from "./registration.ts";

/**
 * Revoke a token.
 *
 * @param hint - which kind of token it is; a server that does not need it ignores it (RFC 7009 §2.1).
 * @returns `false` when the server has no revocation endpoint.
 * @throws SallyportError `token_request_failed` when the server does not revoke it.
 */
export async function revoke(
  server: AuthorizationServer,
  identity: ClientIdentity,
  token: string,
  hint: "access_token" | "refresh_token",
  context: MessageContext,
): Promise<boolean> {
  const { revocation_endpoint: endpoint } = server;
  if (endpoint === undefined) return false;
  try {
    const response = await revocationRequest(server, identity.client, identity.authentication, token, {
      ...requestOptions(context),
      additionalParameters: { token_type_hint: hint },
    });
    // RFC 7009 §2.2 says 200; what has no content to send is often 204.
    if (response.status !== 204) await processRevocationResponse(response);
    return true;
  } catch (error) {
    throw messageError(error, "token_request_failed", `The revocation at ${endpointName(endpoint)}`);
  }
}
