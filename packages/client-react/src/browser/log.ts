/**
 * The log a page can show: what was sent, what came back, what became of it. Entries are made from redacted events
 * and from messages that never hold a credential.
 */
import type { AuthEvent, OAuthEvent } from "@sallyport/auth-core";

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
    default:
      return { ...describeSignIn(event), event };
  }
}

function describeSignIn(event: OAuthEvent): LogInput {
  switch (event.type) {
    case "discovery": {
      const outcome = [event.result, event.reason].filter((part) => part !== undefined).join(": ");
      return { level: event.result === "refused" ? "warn" : "info", message: `Metadata at ${event.url} ${outcome}` };
    }
    case "registration":
      return { level: "info", message: `Registered at ${event.issuer} as ${event.clientId}` };
    case "authorization": {
      const what = event.step === "asked" ? "Asked somebody to sign in" : "Somebody has answered";
      return { level: "info", message: `${what} at ${event.url ?? event.issuer}` };
    }
    case "token":
      return {
        level: "info",
        message: `Token from ${event.issuer} by ${event.grant}, scope ${event.scope ?? "unknown"}`,
      };
    case "signed_out":
      return { level: "info", message: `Signed out at ${event.issuer}${event.revoked ? ", tokens revoked" : ""}` };
    case "oauth_failed":
      return { level: "error", message: event.message };
  }
}
