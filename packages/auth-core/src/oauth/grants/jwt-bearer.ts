/**
 * The JWT bearer grant: RFC 7523 §2.1, for workloads that their platform vouches for (SEP-1933).
 */
import { genericTokenEndpointRequest } from "oauth4webapi";
import type { MessageContext } from "../messages/message.ts";
import { commonParameters, type GrantContext, requestTokens } from "../messages/token-request.ts";
import type { TokenSet } from "../tokens/token-set.ts";

/** Of the grant, in token requests and metadata. */
export const jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * Tokens for an assertion, with nothing said about the client (WIF-01). Whoever calls reads the assertion anew each time,
 * and does not try again: it was refused for what it is (WIF-02).
 */
export function jwtBearer(
  context: Omit<GrantContext, "identity"> & MessageContext,
  assertion: string,
): Promise<TokenSet> {
  // oauth4webapi wants a client; only its authentication would say anything of it to the server.
  const client = { client_id: "workload" };
  const nobody = (): void => {};
  const whole: GrantContext = { ...context, identity: { source: "pre-registered", client, authentication: nobody } };
  return requestTokens(whole, {
    what: "The request for tokens with the workload's assertion",
    send: (options) =>
      genericTokenEndpointRequest(
        context.server,
        client,
        nobody,
        jwtBearerGrant,
        { ...commonParameters(whole), assertion },
        options,
      ),
  });
}
