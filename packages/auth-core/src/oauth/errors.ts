/**
 * What an authorization server's refusal looks like to the caller: RFC 6749 §5.2.
 */
import { type ErrorCode, SallyportError } from "../errors.ts";

/** What else is known about a failed message. */
export interface OAuthMessageErrorOptions extends ErrorOptions {
  /** The `error` that the server named. */
  readonly oauthError?: string | undefined;
  /** The status that it answered with. */
  readonly status?: number | undefined;
  /** The server could not be asked, or could not answer: the same request may succeed later. */
  readonly transient?: boolean | undefined;
}

/**
 * A message to an authorization server that failed: it answered with an error, with something else than OAuth, or not at
 * all. The message names the endpoint and quotes the server's words, bounded and without what was sent to it.
 */
export class OAuthMessageError<Code extends ErrorCode = ErrorCode> extends SallyportError<Code> {
  /** The `error` that the server named, such as `invalid_grant`; absent when it named none. Foreign text of at most 100 printable ASCII characters. */
  readonly oauthError?: string;
  /** The HTTP status of the answer; absent when there was none. */
  readonly status?: number;
  /** Whether the same request may succeed later: there was no answer, or one with 408, 429 or 5xx. */
  readonly transient: boolean;

  constructor(
    code: Code,
    message: string,
    { oauthError, status, transient, ...options }: OAuthMessageErrorOptions = {},
  ) {
    super(code, message, options);
    if (oauthError !== undefined && /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(oauthError))
      this.oauthError = oauthError;
    if (status !== undefined) this.status = status;
    this.transient = transient ?? (status !== undefined && (status >= 500 || status === 408 || status === 429));
  }

  override get name(): string {
    return "OAuthMessageError";
  }
}

/** The `error` that a server has answered a message with, such as `invalid_client`; `undefined` for any other failure. */
export function oauthErrorOf(error: unknown): string | undefined {
  return error instanceof OAuthMessageError ? error.oauthError : undefined;
}

/** Whether a message failed for want of an answer, so that sending it once more makes sense. */
export function isTransient(error: unknown): boolean {
  return error instanceof OAuthMessageError && error.transient;
}
