/**
 * What happens on the wire, for those who want to follow it. Events are redacted where they are made: they hold
 * names of headers and schemes, never a credential.
 */
import type { ErrorCode } from "./errors.ts";
import { mask } from "./redactor.ts";

/** One leg of an authenticated exchange, or one step of a sign-in. */
export type AuthEvent = RequestEvent | ResponseEvent | RedirectEvent | OAuthEvent;

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

/** One step on the way to a token, or to its end. */
export type OAuthEvent =
  | DiscoveryEvent
  | RegistrationEvent
  | AuthorizationEvent
  | TokenEvent
  | SignedOutEvent
  | OAuthFailedEvent;

/** A URL was asked for metadata. */
export interface DiscoveryEvent {
  readonly type: "discovery";
  /** The URL, with every value in its query masked. */
  readonly url: string;
  /** The HTTP status, when there was an answer. */
  readonly status?: number;
  /** Whether what it said is used, is of no use, or was refused for the caller's protection. */
  readonly result: "used" | "skipped" | "refused";
  /** Why it is not used. Holds bounded foreign text. */
  readonly reason?: string;
}

/** The client was registered (RFC 7591). */
export interface RegistrationEvent {
  readonly type: "registration";
  readonly issuer: string;
  readonly clientId: string;
}

/** A person was asked, or has answered; what, is not known yet. */
export interface AuthorizationEvent {
  readonly type: "authorization";
  readonly step: "asked" | "answered";
  readonly issuer: string;
  /** Where the person was sent: origin and path. */
  readonly url?: string;
}

/** Tokens were issued or renewed. */
export interface TokenEvent {
  readonly type: "token";
  /** The grant that is configured, or `refresh_token`. */
  readonly grant: string;
  readonly issuer: string;
  /** The scopes granted, separated by spaces. */
  readonly scope?: string;
  /** When the access token expires, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** Whether it can be renewed without asking anybody. Without `offline_access` many servers leave that out. */
  readonly refreshable: boolean;
}

/** The tokens were forgotten. */
export interface SignedOutEvent {
  readonly type: "signed_out";
  readonly issuer: string;
  /** Whether the authorization server has ended them too (RFC 7009). */
  readonly revoked: boolean;
}

/** A sign-in or a refresh has failed. */
export interface OAuthFailedEvent {
  readonly type: "oauth_failed";
  readonly code: ErrorCode;
  readonly message: string;
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
