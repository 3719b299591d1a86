/**
 * Judges what a token endpoint answered: RFC 6749 §5.1, RFC 9449 §5.
 */
import {
  type AuthorizationServer,
  type Client,
  processGenericTokenEndpointResponse,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { SallyportError } from "../errors.ts";
import type { TokenSet } from "./token-set.ts";

/** What a token response is judged by. */
export interface TokenExpectation {
  /** Milliseconds since 1970, when the request was sent: a token is never thought to live longer than it does. */
  readonly sentAt: number;
  /** The scopes asked for. */
  readonly scope: string | undefined;
  /** Whether tokens have to be bound to a key. */
  readonly bound: boolean;
  /** The refresh token that is kept when the server issues no other (REF-06). */
  readonly refreshToken?: string | undefined;
}

// Longer than any token should live; a number beyond what a date can hold would make every later comparison false.
const longestLife = 10 * 365 * 24 * 60 * 60;

/**
 * The tokens of a response.
 *
 * @throws what oauth4webapi throws, for `messageError`; SallyportError `token_request_failed` when the token is not bound
 * to the key (D49-13).
 */
export async function readTokenResponse(
  server: AuthorizationServer,
  client: Client,
  response: Response,
  expected: TokenExpectation,
): Promise<TokenSet> {
  const body = await processGenericTokenEndpointResponse(server, client, await withoutIdToken(response));
  const { access_token: accessToken, token_type: tokenType, expires_in: seconds } = body;
  if (expected.bound && tokenType !== "dpop") throw notBound(server);
  const refreshToken = nonEmpty(body.refresh_token) ?? expected.refreshToken;
  const scope = nonEmpty(body.scope) ?? expected.scope;
  return {
    accessToken,
    tokenType: tokenType as TokenSet["tokenType"],
    issuedAt: expected.sentAt,
    ...(seconds === undefined ? {} : { expiresAt: expected.sentAt + Math.min(seconds, longestLife) * 1000 }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/**
 * An ID token says who signed in, which is nobody's business here: it is not looked at, and one that cannot be verified is
 * no reason to go without the access token. Nor is a lifetime that is none.
 */
async function withoutIdToken(response: Response): Promise<Response> {
  const body = response.ok ? await parseObject(response.clone()) : undefined;
  if (body === undefined) return response;
  const { id_token: _, expires_in: seconds, ...rest } = body;
  const lifetime = Number(seconds);
  const kept = seconds === undefined || seconds === null || !(lifetime >= 0) ? rest : { ...rest, expires_in: lifetime };
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(JSON.stringify(kept), { status: response.status, headers });
}

async function parseObject(response: Response): Promise<Partial<TokenEndpointResponse> | undefined> {
  try {
    const value: unknown = await response.json();
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function notBound({ issuer }: AuthorizationServer): SallyportError<"token_request_failed"> {
  return new SallyportError(
    "token_request_failed",
    `${issuer} issued a token that is not bound to the key of this client, though DPoP was asked for. The token was thrown away: whoever got hold of it could use it. Remove \`dpop\` if the server does not support it.`,
  );
}
