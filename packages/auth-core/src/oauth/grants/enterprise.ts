/**
 * Enterprise-managed authorization: an identity provider exchanges the person's ID token for a grant to the MCP server's
 * authorization server, which exchanges that for tokens. RFC 8693, RFC 7523, ID-JAG; EMA-01 to EMA-14.
 */
import {
  type AuthorizationServer,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
} from "oauth4webapi";
import type { Secret } from "../../secrets/secret.ts";
import { chooseAuthentication, clientAuthentication } from "../client-authentication.ts";
import { OAuthMessageError } from "../errors.ts";
import { endpointName, messageError, requestOptions } from "../messages/message.ts";
import { commonParameters, type GrantContext } from "../messages/token-request.ts";
import { tidied } from "../messages/token-response.ts";
import type { TokenSet } from "../tokens/token-set.ts";
import { redeemAssertion } from "./jwt-bearer.ts";

/** The identity provider, and this client there. */
export interface IdentityProvider {
  /** With a token endpoint; it also says how clients authenticate there (EMA-04). */
  readonly server: AuthorizationServer;
  readonly clientId: string;
  readonly clientSecret?: Secret | undefined;
  /** The person's ID token. Read anew each time. */
  readonly idToken: Secret;
}

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const idJag = "urn:ietf:params:oauth:token-type:id-jag";
const idTokenType = "urn:ietf:params:oauth:token-type:id_token";

/**
 * Tokens by way of the identity provider.
 *
 * @throws SallyportError `token_request_failed`, which names the step; `credential_source_failed`.
 */
export async function enterprise(context: GrantContext, provider: IdentityProvider): Promise<TokenSet> {
  const { assertion, scope = context.scope } = await exchange(context, provider);
  const narrowed = { ...context, ...(scope === undefined ? {} : { scope }) };
  return redeemAssertion(narrowed, assertion, "The request for tokens with the identity provider's grant");
}

/** The grant that the identity provider issues for the authorization server and the MCP server (EMA-02, EMA-03). */
async function exchange(
  context: GrantContext,
  { server: provider, clientId, clientSecret, idToken }: IdentityProvider,
): Promise<{ assertion: string; scope?: string }> {
  const client = { client_id: clientId };
  const chosen = chooseAuthentication({ secret: clientSecret }, provider);
  const authentication = clientAuthentication(chosen, context.now);
  const parameters = {
    ...commonParameters(context),
    audience: context.server.issuer,
    requested_token_type: idJag,
    subject_token: (await idToken.get()).reveal(),
    subject_token_type: idTokenType,
  };
  const what = `The exchange of the ID token at ${endpointName(provider.token_endpoint)}`;
  try {
    // The grant is bound to no key: only tokens of the MCP server's authorization server are.
    const { dpop: _, ...plain } = context;
    const response = await genericTokenEndpointRequest(
      provider,
      client,
      authentication,
      tokenExchange,
      parameters,
      requestOptions(plain),
    );
    // EMA-07: it is a grant and never an access token, which `N_A` says. A type is looked up by its foreign name.
    const recognizedTokenTypes = Object.assign(Object.create(null), { n_a: () => {} });
    const body = await processGenericTokenEndpointResponse(provider, client, await tidied(response), {
      recognizedTokenTypes,
    });
    if (body["issued_token_type"] !== idJag || body.token_type !== ("n_a" as string)) throw noGrant(what);
    return { assertion: body.access_token, ...(body.scope === undefined ? {} : { scope: body.scope }) };
  } catch (error) {
    throw messageError(error, "token_request_failed", what);
  }
}

function noGrant(what: string): OAuthMessageError {
  return new OAuthMessageError(
    "token_request_failed",
    `${what} gave another kind of token than the identity grant (ID-JAG) that was asked for. Check that the identity provider supports enterprise-managed authorization.`,
  );
}
