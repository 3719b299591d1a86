/** Waiting for a state, without a clock of its own: every change is looked at. */
import type { McpConnection } from "../src/browser/connection.ts";
import type { McpSnapshot } from "../src/browser/state.ts";

/** The first state that `is` accepts. Watches the connection, and so keeps it connected, until then. */
export function until(connection: McpConnection, is: (snapshot: McpSnapshot) => boolean): Promise<McpSnapshot> {
  return new Promise((resolve) => {
    const look = (): void => {
      const snapshot = connection.getState();
      if (!is(snapshot)) return;
      stop();
      resolve(snapshot);
    };
    const stop = connection.subscribe(look);
    look();
  });
}

/** `ready` or `failed`, whichever comes first. */
export function settled(connection: McpConnection): Promise<McpSnapshot> {
  return until(connection, ({ state }) => state === "ready" || state === "failed");
}
