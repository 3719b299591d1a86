/**
 * The JWT bearer grant: RFC 7523 §2.1, for workloads that their platform vouches for (SEP-1933).
 */
import { genericTokenEndpointRequest } from "oauth4webapi";
import { commonParameters, type GrantContext, requestTokens } from "../messages/token-request.ts";
import type { ClientIdentity } from "../registration.ts";
import type { TokenSet } from "../tokens/token-set.ts";

const jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * Tokens for an assertion, with nothing said about the client (WIF-01). Whoever calls reads the assertion anew each time,
 * and does not try again: it was refused for what it is (WIF-02).
 */
export function jwtBearer(context: Omit<GrantContext, "identity">, assertion: string): Promise<TokenSet> {
  // oauth4webapi wants a client; only its authentication would say anything of it to the server.
  const client = { client_id: "workload" };
  const nobody = (): void => {};
  const identity: ClientIdentity = { source: "pre-registered", client, authentication: nobody };
  return redeemAssertion({ ...context, identity }, assertion, "The request for tokens with the workload's assertion");
}

/**
 * Tokens for an assertion, by whichever client sends it.
 *
 * @param what - the request, for messages.
 */
export function redeemAssertion(context: GrantContext, assertion: string, what: string): Promise<TokenSet> {
  const { server, identity } = context;
  const parameters = { ...commonParameters(context), assertion };
  return requestTokens(context, {
    what,
    send: (options) =>
      genericTokenEndpointRequest(
        server,
        identity.client,
        identity.authentication,
        jwtBearerGrant,
        parameters,
        options,
      ),
  });
}
