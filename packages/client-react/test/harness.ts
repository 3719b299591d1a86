/** Real servers and watched connections that end with the test. */
import { waitFor } from "@testing-library/react";
import { afterEach, vi } from "vitest";
import { McpConnection } from "../src/browser/connection.ts";
import { sourceOf, type UseMcpOptions } from "../src/browser/source.ts";
import type { McpConnectionState, McpSnapshot } from "../src/browser/state.ts";

/** How long a busy machine may take, in milliseconds. */
const patience = 20_000;
vi.setConfig({ testTimeout: 2 * patience });

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Do this when the test is over; the last comes first. */
export function afterwards(close: () => unknown): void {
  closers.push(close);
}

/** A server that is closed after the test. */
export async function start<Server extends { close(): Promise<void> }>(server: Promise<Server>): Promise<Server> {
  const running = await server;
  afterwards(() => running.close());
  return running;
}

/** A connection that somebody watches until the end of the test. */
export function connect(options: UseMcpOptions): { connection: McpConnection; states: McpConnectionState[] } {
  const connection = new McpConnection(sourceOf(options));
  const states: McpConnectionState[] = [];
  afterwards(
    connection.subscribe(() => {
      const { state } = connection.getState();
      if (states.at(-1) !== state) states.push(state);
    }),
  );
  return { connection, states };
}

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

/** Resolves once `check` no longer throws. */
export function eventually(check: () => void | Promise<void>): Promise<void> {
  return waitFor(check, { timeout: patience, interval: 10 });
}
