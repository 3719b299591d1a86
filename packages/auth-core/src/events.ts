/**
 * What happens on the wire, for those who want to follow it. Events are redacted where they are made: they hold
 * names of headers and schemes, never a credential.
 */
import { mask } from "./redactor.ts";

/** One leg of an authenticated exchange. */
export type AuthEvent = RequestEvent | ResponseEvent | RedirectEvent;

/** A request is about to be sent. */
export interface RequestEvent {
  readonly type: "request";
  /** Counts the requests of one call from 1; a retry after a challenge is 2. */
  readonly attempt: number;
  readonly method: string;
  /** The URL, with every value in its query masked. */
  readonly url: string;
  /** Names and values of the headers that may carry a credential, values masked: `{ authorization: "Bearer ••••" }`. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** A response has arrived; its body is unread. */
export interface ResponseEvent {
  readonly type: "response";
  readonly attempt: number;
  readonly status: number;
  /** The URL, with every value in its query masked. */
  readonly url: string;
  /** Time since the request was sent, in milliseconds. */
  readonly milliseconds: number;
}

/** A redirect was followed, or refused because it leaves the origin the credentials belong to. */
export interface RedirectEvent {
  readonly type: "redirect";
  readonly status: number;
  /** The URL, with every value in its query masked. */
  readonly from: string;
  /** The URL, with every value in its query masked. */
  readonly to: string;
  readonly followed: boolean;
}

/** Called with each event. What it throws is ignored: following a request never breaks it. */
export type AuthEventListener = (event: AuthEvent) => void;

/** Show the origin, the path and the names of the query's parameters. Servers and schemes put credentials into their values. */
export function maskUrl(url: URL): string {
  const query = url.search
    .slice(1)
    .split("&")
    .map((pair) => (pair.includes("=") ? `${pair.slice(0, pair.indexOf("="))}=${mask}` : mask));
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : `?${query.join("&")}`}`;
}

/** Show that a header was sent, and of an `Authorization` which scheme it uses. */
export function maskHeader(name: string, value: string): string {
  const [scheme = ""] = value.split(" ", 1);
  const shown = /^(?:proxy-)?authorization$/i.test(name) && schemes.has(scheme.toLowerCase());
  return shown ? `${scheme} ${mask}` : mask;
}

// The first word of a value is only shown when it is certain that it is no part of a secret.
const schemes: ReadonlySet<string> = new Set([
  "apikey",
  "aws4-hmac-sha256",
  "basic",
  "bearer",
  "digest",
  "dpop",
  "signature",
  "token",
]);
