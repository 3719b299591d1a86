/**
 * A sign-out for everybody who shares the store: whatever others refresh meanwhile is ended with the rest.
 */

import type { Grant } from "./grant.ts";
import type { SharedGrantParts } from "./refresh-shared.ts";

/** Forget everything about this server; revoke the tokens first when asked. */
export async function signOutShared(
  { state, records, engine, held }: Omit<SharedGrantParts, "now">,
  revoke: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  // What is damaged in the store is forgotten like the rest; a store that cannot be read cannot forget either.
  await held.load().catch(() => {});
  const newest = async (): Promise<Grant | undefined> => (await records.load().catch(() => undefined)) ?? held.current;
  const forget = async (): Promise<void> => {
    const grant = await newest();
    try {
      if (grant !== undefined) await (await engine()).signOut(grant, revoke, signal);
    } finally {
      await records.forget(grant);
      held.drop();
      state.set({ status: "signed-out" });
    }
  };
  // After a refresh that is under way, which would bring the tokens back.
  const found = await newest();
  await (found === undefined ? forget() : records.renewing(found, forget));
}
