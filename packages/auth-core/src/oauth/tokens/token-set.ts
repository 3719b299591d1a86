/**
 * What a token endpoint has issued, in the form it is kept: RFC 6749 §5.1, with absolute times.
 */

/** An access token and what belongs to it. Plain data: it is stored as JSON. */
export interface TokenSet {
  readonly accessToken: string;
  /** How it is sent: RFC 6750 or RFC 9449. */
  readonly tokenType: "bearer" | "dpop";
  /** When it expires, in milliseconds since 1970. Absent when the server does not say. */
  readonly expiresAt?: number;
  readonly refreshToken?: string;
  /** The scopes granted, separated by spaces: as the server said, or else as asked for (RFC 6749 §5.1). */
  readonly scope?: string;
  /** When it was issued, in milliseconds since 1970. */
  readonly issuedAt: number;
}
