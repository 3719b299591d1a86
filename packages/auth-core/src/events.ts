/**
 * What happens on the wire, for those who want to follow it. Events are redacted where they are made: they hold
 * names of headers and schemes, never a credential.
 */

/** One leg of an authenticated exchange. */
export type AuthEvent = RequestEvent | ResponseEvent | RedirectEvent;

/** A request is about to be sent. */
export interface RequestEvent {
  readonly type: "request";
  /** Counts the requests of one call from 1; a retry after a challenge is 2. */
  readonly attempt: number;
  readonly method: string;
  /** The URL with credentials in its query masked. */
  readonly url: string;
  /** Names and values of the headers that carry a credential, values masked: `{ authorization: "Bearer ••••" }`. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** A response has arrived; its body is unread. */
export interface ResponseEvent {
  readonly type: "response";
  readonly attempt: number;
  readonly status: number;
  readonly url: string;
  /** Time since the request was sent, in milliseconds. */
  readonly milliseconds: number;
}

/** A redirect was followed, or refused because it leaves the origin the credentials belong to. */
export interface RedirectEvent {
  readonly type: "redirect";
  readonly status: number;
  readonly from: string;
  readonly to: string;
  readonly followed: boolean;
}

export type AuthEventListener = (event: AuthEvent) => void;
