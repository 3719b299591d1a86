/**
 * The log a page can show: what was sent, what came back, what became of it. Entries are made from redacted events
 * and from messages that never hold a credential.
 */
import type { AuthEvent } from "@sallyport/auth-core";

/** One thing that happened. */
export interface LogEntry {
  /** Counts up from 1 for the life of the connection. */
  readonly id: number;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  readonly level: "info" | "warn" | "error";
  /** One line for people. */
  readonly message: string;
  /** The event on the wire behind it, credentials masked. */
  readonly event?: AuthEvent;
}

/** An entry before it is numbered and dated. */
export type LogInput = Omit<LogEntry, "id" | "time">;

/** How many entries are kept. */
const limit = 100;

/** The log with one entry more, without the oldest when it is full. */
export function appendEntry(log: readonly LogEntry[], entry: LogInput): readonly LogEntry[] {
  const id = (log.at(-1)?.id ?? 0) + 1;
  return Object.freeze([...log.slice(1 - limit), Object.freeze({ id, time: Date.now(), ...entry })]);
}

/** An event on the wire as an entry. */
export function describeEvent(event: AuthEvent): LogInput {
  switch (event.type) {
    case "request": {
      const credentials = Object.entries(event.credentials).map(([name, value]) => `${name}: ${value}`);
      const carrying = credentials.length === 0 ? "without a credential" : `with ${credentials.join(", ")}`;
      return { level: "info", message: `${event.method} ${event.url} ${carrying}`, event };
    }
    case "response": {
      const level = event.status >= 400 ? "warn" : "info";
      return { level, message: `${event.status} from ${event.url} in ${Math.round(event.milliseconds)} ms`, event };
    }
    case "redirect": {
      const outcome = event.followed ? "followed" : "refused: it leaves the server the credentials belong to";
      return { level: "warn", message: `Redirect from ${event.from} to ${event.to} ${outcome}`, event };
    }
  }
}
