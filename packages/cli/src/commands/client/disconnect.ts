/**
 * `sallyport client disconnect`: forget a server, and with it the credential that was saved. Sign-ins stay.
 */
import type { Context, Outcome } from "../../context.ts";
import { openStore } from "../../sessions/session-store.ts";

export async function disconnect(context: Context, wanted: string | undefined): Promise<Outcome> {
  const store = openStore(context);
  const { name: chosen, session } = store.get(wanted);
  const name = await store.remove(chosen);
  // Other sessions, and other programs, may use the same sign-in.
  const { url, authToken, auth, headers } = session.server;
  const mayBeSignedIn = url !== undefined && (authToken ?? auth ?? headers) === undefined;
  const kept = mayBeSignedIn ? " A sign-in at the server, if there is one, is kept." : "";
  return { data: { name }, text: () => `Disconnected ${name}. What was saved for it is gone.${kept}` };
}
