/**
 * Sends a request to a token endpoint: with the resource it is for, with a proof where tokens are bound to a key, and once
 * more when the server wants its nonce in the proof.
 */
import { type AuthorizationServer, isDPoPNonceError } from "oauth4webapi";
import type { ErrorCode } from "../../errors.ts";
import type { ClientIdentity } from "../registration.ts";
import type { TokenSet } from "../tokens/token-set.ts";
import { endpointName, type MessageContext, type MessageOptions, messageError, requestOptions } from "./message.ts";
import { readTokenResponse } from "./token-response.ts";

/** What every grant is made with. */
export interface GrantContext extends MessageContext {
  readonly server: AuthorizationServer;
  readonly identity: ClientIdentity;
  /** Sent byte for byte with every token request (RES-01, RFC 8707 §2.2). */
  readonly resource: string;
  /** The scopes to ask for, separated by spaces. */
  readonly scope?: string;
}

/** A request, and how its answer is judged. */
export interface TokenRequest {
  /** Of the error when it fails. Default `token_request_failed`. */
  readonly code?: ErrorCode;
  /** What is sent, for messages: `The refresh`. */
  readonly what: string;
  /** The refresh token that is kept when the server issues no other. */
  readonly refreshToken?: string;
  send(options: MessageOptions): Promise<Response>;
}

/**
 * Get tokens.
 *
 * @throws SallyportError with the code of the request; `credential_source_failed`, `redirect_refused`, `insecure_url`.
 */
export async function requestTokens(context: GrantContext, request: TokenRequest): Promise<TokenSet> {
  const { server, identity, scope, dpop } = context;
  const exchange = async (): Promise<TokenSet> => {
    const sentAt = context.now();
    const response = await request.send(requestOptions(context));
    const { refreshToken } = request;
    return readTokenResponse(server, identity.client, response, {
      sentAt,
      scope,
      bound: dpop !== undefined,
      refreshToken,
    });
  };
  try {
    return await exchange().catch((error) => {
      // RFC 9449 §8: the nonce has been taken from the answer. Once per request (DP-02).
      if (dpop !== undefined && isDPoPNonceError(error)) return exchange();
      throw error;
    });
  } catch (error) {
    throw messageError(
      error,
      request.code ?? "token_request_failed",
      `${request.what} at ${endpointName(server.token_endpoint)}`,
    );
  }
}

/** The parameters that every token request has. */
export function commonParameters({ resource, scope }: GrantContext): Record<string, string> {
  return { resource, ...(scope === undefined ? {} : { scope }) };
}
