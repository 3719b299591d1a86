/**
 * Judges what a token endpoint answered: RFC 6749 §5.1, RFC 9449 §5.
 */
import { type AuthorizationServer, type Client, processGenericTokenEndpointResponse } from "oauth4webapi";
import { quoteForeign, SallyportError } from "../../errors.ts";
import { accessTokenProblem } from "../../http/token.ts";
import { parseObject } from "../../json.ts";
import { scopeList, scopesOf } from "../scope-list.ts";
import type { TokenSet } from "../tokens/token-set.ts";
import { plain } from "./foreign-members.ts";

/** What a token response is judged by. */
export interface TokenExpectation {
  /** Milliseconds since 1970, when the request was sent: a token is never thought to live longer than it does. */
  readonly sentAt: number;
  /** The scopes asked for. */
  readonly scope: string | undefined;
  /** Whether a key was proven, to which the tokens have to be bound. */
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
 * to the key (D49-13), is bound to a key that nobody has, or cannot be sent.
 */
export async function readTokenResponse(
  server: AuthorizationServer,
  client: Client,
  response: Response,
  expected: TokenExpectation,
): Promise<TokenSet> {
  const body = await processGenericTokenEndpointResponse(server, client, await tidied(response));
  const { access_token: accessToken, token_type: tokenType, expires_in: seconds } = body;
  if ((tokenType === "dpop") !== expected.bound) throw wronglyBound(server, expected.bound);
  const problem = accessTokenProblem(accessToken);
  if (problem !== undefined) throw unusable(server, problem);
  const { refresh_token: refreshToken = expected.refreshToken } = body;
  // Scopes are shown, and what a server calls so may be anything.
  const isShown = (each: string): boolean => each !== accessToken && each !== refreshToken;
  const scope = scopeList(...scopesOf(body.scope).filter(isShown)) ?? expected.scope;
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
 * A successful response with nothing but what is used of it, in the types that RFC 6749 §5.1 has. An ID token says who
 * signed in, which is nobody's business here: it is not looked at, and one that cannot be verified is no reason to go
 * without the access token. Nor is `null` where nothing is meant, or a lifetime that is none.
 */
export async function tidied(response: Response): Promise<Response> {
  const body = response.ok ? parseObject(await response.clone().text()) : undefined;
  if (body === undefined) return response;
  const { access_token, token_type, issued_token_type, expires_in, refresh_token, scope } = body;
  const kept = {
    access_token: plain(access_token),
    token_type: plain(token_type),
    issued_token_type: plain(issued_token_type),
    expires_in: lifetime(expires_in),
    refresh_token: nonEmpty(refresh_token),
    scope: nonEmpty(scope),
  };
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(JSON.stringify(kept), { status: response.status, headers });
}

/** In seconds. What has no end, or one before it was issued, is taken for unknown: the resource will say. */
function lifetime(seconds: unknown): number | undefined {
  const number = typeof seconds === "string" && /^\d+(?:\.\d+)?$/.test(seconds) ? Number(seconds) : seconds;
  return typeof number === "number" && Number.isFinite(number) && number > 0 ? number : undefined;
}

function nonEmpty(text: unknown): string | undefined {
  return typeof text === "string" && text.trim() !== "" ? text : undefined;
}

function wronglyBound({ issuer }: AuthorizationServer, wanted: boolean): SallyportError<"token_request_failed"> {
  const what = wanted
    ? "that is not bound to the key of this client, though DPoP was asked for. The token was thrown away: whoever got hold of it could use it. Remove `dpop` if the server does not support it."
    : "of the type DPoP, though no key was proven. The token was thrown away: nobody can use it. Set `dpop` if the server wants bound tokens.";
  return new SallyportError("token_request_failed", `${quoteForeign(issuer)} issued a token ${what}`);
}

function unusable({ issuer }: AuthorizationServer, problem: string): SallyportError<"token_request_failed"> {
  return new SallyportError(
    "token_request_failed",
    `${quoteForeign(issuer)} issued a token that ${problem}. The token was thrown away. Tell those who run the server.`,
  );
}
