/**
 * The authorization code grant, first half: the request that a person is sent away with, and the judgement of the answer.
 * OAuth 2.1 §4.1, RFC 7636, RFC 9207.
 */
import {
  AuthorizationResponseError,
  type AuthorizationServer,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomState,
  validateAuthResponse,
} from "oauth4webapi";
import { quoteForeign, SallyportError } from "../errors.ts";
import { utf8 } from "../http/bytes.ts";
import { checkUrl } from "../http/secure-url.ts";
import { mask } from "../redactor.ts";
import type { Discovery } from "./discovery/discovery.ts";
import { requirePkce } from "./discovery/server-metadata.ts";
import type { ClientIdentity } from "./registration.ts";
import { scopesOf } from "./scope-list.ts";

/** What was recorded before a person was sent away (ISS-01, BIND-08). Plain data, and secret: it is kept until the answer. */
export interface PendingAuthorization {
  /** Good for one answer (AUT-04). */
  readonly state: string;
  /** The PKCE code verifier (AUT-05). */
  readonly verifier: string;
  /** Byte for byte as published. */
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The scopes asked for, separated by spaces. */
  readonly scope?: string;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
}

/** What an authorization is asked for with. */
export interface AuthorizationRequest {
  readonly discovery: Discovery;
  readonly identity: ClientIdentity;
  readonly redirectUri: string;
  readonly scope: string | undefined;
  readonly allowInsecure: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The URL to send a person to, and what has to be kept until the answer comes.
 *
 * @throws SallyportError `pkce_unsupported`, `insecure_url`, `discovery_failed` when the server has no authorization endpoint.
 */
export async function startAuthorization(
  request: AuthorizationRequest,
): Promise<{ url: URL; pending: PendingAuthorization }> {
  const { discovery, identity, redirectUri, scope, allowInsecure, now } = request;
  const { server, issuer, resource } = discovery;
  const endpoint = server.authorization_endpoint;
  if (endpoint === undefined) throw noEndpoint(issuer);
  requirePkce(server);
  const verifier = generateRandomCodeVerifier();
  const pending: PendingAuthorization = {
    state: generateRandomState(),
    verifier,
    issuer,
    clientId: identity.client.client_id,
    redirectUri,
    ...(scope === undefined ? {} : { scope }),
    createdAt: now(),
  };
  const url = checkUrl(endpoint, "The authorization endpoint", { allowInsecure });
  const parameters = {
    response_type: "code",
    client_id: pending.clientId,
    redirect_uri: redirectUri,
    state: pending.state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    resource,
    ...(scope === undefined ? {} : { scope }),
    // OpenID Connect §11: without it many servers leave offline_access out.
    ...(scopesOf(scope).includes("offline_access") ? { prompt: "consent" } : {}),
  };
  // The endpoint's own query stays (RFC 6749 §3.1).
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url, pending };
}

/**
 * Judge the answer to an authorization request, before anything of it goes anywhere (ISS-02).
 *
 * @param callback - the whole callback URL (ISS-07).
 * @returns the parameters, to redeem the code with.
 * @throws SallyportError `state_mismatch`, `issuer_mismatch`: nothing of the answer is shown (ISS-04);
 * `authorization_denied` when the server says no.
 */
export function judgeAuthorizationResponse(
  callback: URL,
  { state, issuer, clientId }: PendingAuthorization,
  server: AuthorizationServer,
): URLSearchParams {
  const { searchParams } = callback;
  const once = (name: string): string | undefined => {
    const [value, ...more] = searchParams.getAll(name);
    if (more.length > 0) throw repeated(name);
    return value;
  };
  if (!isSame(once("state") ?? "", state)) throw wrongState();
  const iss = once("iss");
  const promised = server.authorization_response_iss_parameter_supported === true;
  // Raw texts, whatever they look like (ISS-03): two URLs that mean the same are two issuers.
  if (iss === undefined ? promised : iss !== issuer) throw wrongIssuer(issuer, iss === undefined);
  for (const name of ["code", "error", "error_description"]) once(name);
  try {
    const parameters = validateAuthResponse({ ...server, issuer }, { client_id: clientId }, searchParams, state);
    if (!parameters.get("code")) throw noCode(issuer);
    return parameters;
  } catch (error) {
    if (error instanceof AuthorizationResponseError) throw refused(issuer, error, state);
    if (error instanceof SallyportError) throw error;
    throw noCode(issuer);
  }
}

/** Takes the same time for every wrong text of the same length. */
function isSame(given: string, expected: string): boolean {
  const [left, right] = [utf8(given), utf8(expected)];
  let difference = left.length ^ right.length;
  for (let index = 0; index < right.length; index += 1) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
}

function refused(
  issuer: string,
  { error, error_description: description }: AuthorizationResponseError,
  state: string,
): SallyportError {
  const quote = (text: string, limit?: number): string => quoteForeign(text.replaceAll(state, mask), limit);
  const said = description === undefined ? quote(error, 100) : `${quote(error, 100)}: ${quote(description)}`;
  const next =
    error === "access_denied" ? "Sign in again to ask once more." : "Check the scopes and the client's settings.";
  return new SallyportError(
    "authorization_denied",
    `${quoteForeign(issuer)} did not grant the sign-in: ${said}. ${next}`,
  );
}

function repeated(name: string): SallyportError<"state_mismatch"> {
  return new SallyportError(
    "state_mismatch",
    `The answer of the authorization server has ${name} more than once. Nothing of it is used. Sign in again.`,
  );
}

function wrongState(): SallyportError<"state_mismatch"> {
  return new SallyportError(
    "state_mismatch",
    "The answer of an authorization server belongs to another sign-in. Nothing of it is used. Sign in again.",
  );
}

function wrongIssuer(issuer: string, isMissing: boolean): SallyportError<"issuer_mismatch"> {
  const what = isMissing ? "does not say who gave it, which this server promises" : "comes from somebody else";
  return new SallyportError(
    "issuer_mismatch",
    `The answer to the sign-in at ${quoteForeign(issuer)} ${what} (RFC 9207). Nothing of it is used. Somebody may have tried to mix up two authorization servers; if it happens again, tell those who run the server.`,
  );
}

function noCode(issuer: string): SallyportError<"authorization_denied"> {
  return new SallyportError(
    "authorization_denied",
    `The answer to the sign-in at ${quoteForeign(issuer)} has no code. Sign in again.`,
  );
}

function noEndpoint(issuer: string): SallyportError<"discovery_failed"> {
  return new SallyportError(
    "discovery_failed",
    `The authorization server ${quoteForeign(issuer)} has no authorization endpoint, so that nobody can sign in there. Use another grant, such as client_credentials; in \`oauthProvider\` it is named authorization_endpoint.`,
  );
}
