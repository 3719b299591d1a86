/**
 * A request to an authorization server that may be made twice: because it could not answer, or because the client's secret
 * has been rotated since it was read (pain 18).
 */
import { isTransient } from "../errors.ts";
import type { ClientIdentity } from "../registration.ts";

/** What `send` gives, at the second attempt when the first one failed in a way that another may mend. */
export async function onceMore<T>(
  identity: ClientIdentity,
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const isRefused = (error as { oauthError?: string }).oauthError === "invalid_client";
    const again = isTransient(error) || (isRefused && (await identity.renew?.()) === true);
    if (!again || signal?.aborted === true) throw error;
    return send();
  }
}
