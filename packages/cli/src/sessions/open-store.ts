/**
 * The session store of a run: where its environment says.
 */
import type { Context } from "../context.ts";
import { sessionFolder } from "./location.ts";
import { SessionStore } from "./session-store.ts";

export function openStore({ env, warn }: Context): SessionStore {
  return new SessionStore(sessionFolder(env), warn);
}
