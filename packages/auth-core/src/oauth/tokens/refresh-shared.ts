/**
 * One refresh for everybody who shares the store. A refresh token that rotates is good for one: sent twice, it ends the whole
 * grant (REF-05, REF-06, RFC 9700 §4.14.2, pain 3).
 */
import type { Observable } from "../../observable.ts";
import type { Engine } from "../engine.ts";
import { oauthErrorOf } from "../errors.ts";
import { authorizedState, type OAuthState } from "../state.ts";
import { type Grant, isFresh } from "./grant.ts";
import type { GrantRecords } from "./grant-records.ts";
import { type HeldGrant, isSameToken } from "./held-grant.ts";

/** What works on the grant that is shared. */
export interface SharedGrantParts {
  readonly state: Observable<OAuthState>;
  readonly records: GrantRecords;
  readonly engine: () => Promise<Engine>;
  readonly now: () => number;
  readonly held: HeldGrant;
}

/**
 * Refreshed tokens, whoever refreshed them.
 *
 * @param refused - the grant that is too old, or was refused.
 * @param signal - ends the wait for others, not a refresh that has been sent.
 * @returns `undefined` when there is nothing to refresh with any more and everything is to begin anew.
 */
export async function refreshShared(
  parts: SharedGrantParts,
  refused: Grant,
  signal: AbortSignal,
): Promise<Grant | undefined> {
  const { records, held, now } = parts;
  return records.renewing((await records.load()) ?? refused, async () => {
    signal.throwIfAborted();
    const stored = await records.load();
    if (stored === undefined) {
      // Somebody has signed out, or found the refresh token dead.
      held.drop();
      return undefined;
    }
    if (isSameToken(stored, refused)) return refresh(parts, refused);
    // The refresh token of the refused grant has been used by whoever got this one.
    return isFresh(stored, now()) ? held.adopt(stored) : refresh(parts, stored);
  });
}

async function refresh({ state, records, engine, held }: SharedGrantParts, grant: Grant): Promise<Grant | undefined> {
  if (grant.tokens.refreshToken === undefined) return undefined;
  state.set({ ...authorizedState(grant), status: "refreshing" });
  try {
    // The old refresh token may be worth nothing after this: a store that takes nothing is found out before.
    await records.save(grant);
    const refreshed = await (await engine()).refresh(grant);
    await held.issued(refreshed);
    return refreshed;
  } catch (error) {
    const oauthError = oauthErrorOf(error);
    if (oauthError === "invalid_client" || oauthError === "unauthorized_client") {
      await (await engine()).dropRegistration(grant);
    } else if (oauthError !== "invalid_grant") throw error;
    await records.dropTokens(grant);
    held.drop();
    return undefined;
  }
}
