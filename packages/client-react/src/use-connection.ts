/** What every hook returns: the state of one connection and what can be done with it. */
import { useMemo, useSyncExternalStore } from "react";
import type { McpActions } from "./browser/actions.ts";
import type { McpConnection } from "./browser/connection.ts";
import type { McpSnapshot } from "./browser/state.ts";

/** The state of a connection and its actions. The object changes when the state does; the actions keep their identity. */
export type UseMcpResult = McpSnapshot & McpActions;

export function useConnection(connection: McpConnection): UseMcpResult {
  const snapshot = useSyncExternalStore(connection.subscribe, connection.getState, connection.getInitialState);
  return useMemo(() => ({ ...snapshot, ...connection.actions }), [snapshot, connection]);
}
