/**
 * What an `OAuth` is doing, for those who show it.
 */
import type { SallyportError } from "../errors.ts";
import type { Grant } from "./tokens/grant.ts";

/** The state of an {@link OAuth}. Holds no token, and the same object until something changes. */
export interface OAuthState {
  /**
   * - `signed-out`: no usable token, as far as is known before the store was read.
   * - `discovering`: finding out where tokens come from.
   * - `authorizing`: a token is being obtained; with a person this takes as long as they take.
   * - `authorized`: there is a token.
   * - `refreshing`: it is being renewed.
   * - `failed`: the last attempt failed; the next request tries again.
   */
  readonly status: "signed-out" | "discovering" | "authorizing" | "authorized" | "refreshing" | "failed";
  /** A person has been asked and has not answered yet. */
  readonly waitingForPerson?: boolean;
  /** The authorization server. */
  readonly issuer?: string;
  /** The scopes granted, separated by spaces. */
  readonly scope?: string;
  /** When the access token expires, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** Whether it can be renewed without asking anybody. */
  readonly refreshable?: boolean;
  /** Why it `failed`. */
  readonly error?: SallyportError;
}

/** The state of somebody who has a grant. */
export function authorizedState({ discovery, tokens }: Grant): OAuthState {
  const { scope, expiresAt, refreshToken } = tokens;
  return {
    status: "authorized",
    issuer: discovery.issuer,
    refreshable: refreshToken !== undefined,
    ...(scope === undefined ? {} : { scope }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}
