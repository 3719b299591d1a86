/**
 * `sallyport client disconnect`: forget a server, and with it the credential that was saved.
 */
import type { Context, Outcome } from "../../context.ts";
import { openStore } from "../../sessions/session-store.ts";

export async function disconnect(context: Context, wanted: string | undefined): Promise<Outcome> {
  const name = await openStore(context).remove(wanted);
  return { data: { name }, text: () => `Disconnected ${name}. What was saved for it is gone.` };
}
