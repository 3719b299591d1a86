/**
 * The response table of the README as data: what is sent, and what must come back. Every way of serving runs every row.
 */

/** Accepted by the servers of these tests. */
export const good = "good-token";
/** An API key that the limiter of these tests lets nobody try. */
export const guessedAt = "sp_toomanyattempts0_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa4CCLTH";
const longToken: string = "a".repeat(100_000);

export interface Row {
  readonly name: string;
  /** Values of `Authorization`, one header line each. */
  readonly authorization: readonly string[];
  /** With its question mark. */
  readonly query?: string;
  readonly status: 400 | 401 | 403 | 429 | 503;
  readonly error: string;
  readonly description?: string;
  /** Exactly; `null` for none. */
  readonly challenge: string | null;
  /** The header, in seconds; absent where it is not named. */
  readonly retryAfter?: string;
  /** Node's parser answers with another status before anything of ours runs. */
  readonly parserStatus?: number;
}

const noToken = {
  status: 401,
  error: "unauthorized",
  description: "Authentication required",
  challenge: 'Bearer realm="test", scope="base"',
} as const;
const invalid = {
  status: 401,
  error: "invalid_token",
  description: "Token is invalid or expired",
  challenge: 'Bearer realm="test", error="invalid_token", scope="base"',
} as const;
const ambiguous = {
  status: 400,
  error: "invalid_request",
  challenge: 'Bearer realm="test", error="invalid_request"',
} as const;
const unavailable = { status: 503, error: "temporarily_unavailable", challenge: null, retryAfter: "5" } as const;

export const rows: readonly Row[] = [
  { name: "no Authorization header", authorization: [], ...noToken },
  { name: "an empty Authorization header", authorization: [""], ...noToken },
  // RFC 6750 §3.1: an unsupported method is "no authentication information", so no error code (B50-11).
  { name: "another scheme", authorization: ["Basic dXNlcjpwYXNz"], ...noToken },
  { name: "another scheme with commas", authorization: ['Digest username="u", realm="r"'], ...noToken },
  { name: "a scheme that only begins like Bearer", authorization: [`Bearers ${good}`], ...noToken },
  { name: "a token without a scheme", authorization: [good], ...noToken },

  { name: "an unknown token", authorization: ["Bearer nobody"], ...invalid },
  { name: "an unknown token, lower-case scheme", authorization: ["bearer nobody"], ...invalid },
  { name: "an expired token", authorization: ["Bearer expired"], ...invalid },
  { name: "a scheme without a token", authorization: ["Bearer"], ...invalid },
  { name: "a scheme and blanks", authorization: ["Bearer  "], ...invalid },
  { name: "a tab after the scheme", authorization: [`Bearer\t${good}`], ...invalid },
  { name: "two words", authorization: [`Bearer ${good} ${good}`], ...invalid },
  { name: "characters outside token68", authorization: ['Bearer "good-token"'], ...invalid },
  { name: "padding in the middle", authorization: ["Bearer good=token"], ...invalid },
  { name: "Latin-1", authorization: ["Bearer caf\xe9"], ...invalid },
  { name: "a token of 100,000 characters", authorization: [`Bearer ${longToken}`], ...invalid, parserStatus: 431 },

  { name: "two Authorization headers", authorization: [`Bearer ${good}`, `Bearer ${good}`], ...ambiguous },
  { name: "two Authorization headers, schemes differ", authorization: ["Basic dTpw", `Bearer ${good}`], ...ambiguous },
  { name: "two Authorization headers, the first empty", authorization: ["", `Bearer ${good}`], ...ambiguous },
  { name: "two credentials in one header", authorization: [`Bearer ${good}, Bearer ${good}`], ...ambiguous },
  { name: "a comma in the token", authorization: [`Bearer ${good},${good}`], ...ambiguous },
  { name: "a token in the query", authorization: [], query: `?access_token=${good}`, ...ambiguous },
  {
    name: "a token in header and query",
    authorization: [`Bearer ${good}`],
    query: `?x=1&access_token=${good}`,
    ...ambiguous,
  },
  { name: "a token in the query, encoded name", authorization: [], query: `?%61ccess%5Ftoken=${good}`, ...ambiguous },
  { name: "a token in the query, other case", authorization: [], query: `?Access_Token=${good}`, ...ambiguous },

  {
    name: "a token without the scope of every request",
    authorization: ["Bearer unscoped"],
    status: 403,
    error: "insufficient_scope",
    challenge: 'Bearer realm="test", error="insufficient_scope", scope="base"',
  },

  {
    name: "a credential after too many guesses",
    authorization: [`Bearer ${guessedAt}`],
    status: 429,
    error: "too_many_requests",
    description: "Too many failed attempts; try again later",
    challenge: null,
    retryAfter: "30",
  },

  { name: "a verifier that throws", authorization: ["Bearer throws"], ...unavailable },
  { name: "a verifier that rejects", authorization: ["Bearer rejects"], ...unavailable },
  { name: "a verifier that does not answer", authorization: ["Bearer hangs"], ...unavailable },
  { name: "a verifier that returns garbage", authorization: ["Bearer garbage"], ...unavailable },
];
