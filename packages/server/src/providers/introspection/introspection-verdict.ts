/**
 * What an introspection response means: RFC 7662 §2.2. The server has checked the token; whether it is for this server, and
 * whether it is still good, is checked here all the same (I62-05).
 */
import { SallyportError } from "@sallyport/auth-core";
import { AccessToken, isExpired } from "../../token/access-token.ts";
import { namesOneOf } from "../../token/audience.ts";
import { scopesIn } from "../../token/scope-claims.ts";
import type { JsonObject } from "../../verification/fetch-json.ts";

/** What a token must be. */
export interface IntrospectionExpectation {
  /** Who issued it; a response that says otherwise is refused. */
  readonly issuer: string | undefined;
  /** Whom it is for; `false` when the server tells by whom it answers. */
  readonly audience: readonly string[] | false;
  readonly scopeClaims: readonly string[];
}

const skewSeconds = 5;

/**
 * The verdict.
 *
 * @param now - in seconds since 1970.
 * @throws SallyportError (`temporarily_unavailable`) when the response contradicts RFC 7662.
 */
export function introspectionVerdict(
  token: string,
  response: JsonObject,
  expected: IntrospectionExpectation,
  now: number,
): AccessToken | null {
  const { active, ...claims } = response;
  if (active !== true) return null;
  const { iss, aud } = claims;
  const [expiresAt, begins] = [timeIn(claims, "exp"), timeIn(claims, "nbf")];
  if (iss !== undefined && expected.issuer !== undefined && iss !== expected.issuer) return null;
  if (expected.audience !== false && !namesOneOf(aud, expected.audience)) return null;
  if (begins !== undefined && begins > now + skewSeconds) return null;
  const verdict = new AccessToken({ token, claims, scopes: scopesIn(claims, expected.scopeClaims), expiresAt });
  return isExpired(verdict, now) ? null : verdict;
}

// A time that cannot be read is no time that has not come.
function timeIn(claims: JsonObject, name: string): number | undefined {
  const { [name]: time } = claims;
  if (time === undefined || (typeof time === "number" && Number.isFinite(time))) return time;
  throw new SallyportError(
    "temporarily_unavailable",
    `The introspection response has a member ${name} that is no number (RFC 7662 §2.2).`,
  );
}
