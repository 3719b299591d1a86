/**
 * A grant: tokens for one server, and all that is needed to use, renew and end them without asking anybody where.
 */
import type { Discovery } from "../discovery/discovery.ts";
import { scopesOf } from "../scope-list.ts";
import type { TokenSet } from "./token-set.ts";

export interface Grant {
  readonly discovery: Discovery;
  /** Empty for a grant that no client stands for (WIF-01). */
  readonly clientId: string;
  readonly tokens: TokenSet;
  /** Every scope asked for so far, separated by spaces: a step-up adds to it (STEP-03). */
  readonly requested?: string;
  /** The key that the tokens are bound to, as JWK, where the platform does not keep it (RFC 9449). */
  readonly dpopKey?: string;
}

/** The scopes a grant is known to have. */
export function grantedScopes({ tokens }: Grant): ReadonlySet<string> {
  return new Set(scopesOf(tokens.scope));
}

/** Whether a grant is known to have all of these scopes. */
export function covers(grant: Grant, wanted: readonly string[]): boolean {
  const granted = grantedScopes(grant);
  return wanted.every((scope) => granted.has(scope));
}

// A token that expires while its request is under way is refused; a short-lived one would always be about to expire.
const earliest = 60_000;

/** Whether the access token can be used for a while yet. One without a known end can be, until a server refuses it. */
export function isFresh({ tokens: { expiresAt, issuedAt } }: Grant, now: number): boolean {
  if (expiresAt === undefined) return true;
  // A clock that was set back tells nothing: the server will say when the token has expired.
  const lifetime = expiresAt - issuedAt;
  return expiresAt - now > Math.min(earliest, lifetime / 10);
}

/** Whether the access token may still be accepted, though it should be renewed. */
export function isAlive({ tokens: { expiresAt } }: Grant, now: number): boolean {
  return expiresAt === undefined || expiresAt > now;
}
