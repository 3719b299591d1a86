/**
 * The interface every authentication scheme implements.
 */

/**
 * One way of authenticating HTTP requests.
 *
 * @example A key in a header of your own
 * ```ts
 * class TeamKeyAuth implements Auth {
 *   async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
 *     request.headers.set("X-Team-Key", "k-1");
 *     yield request;
 *   }
 * }
 * ```
 */
export interface Auth {
  /**
   * Yield the request to send, receive the response, yield again to retry; return to hand the last response to the caller.
   *
   * The request is a copy that belongs to the flow: change its headers in place, or yield another `Request`.
   */
  authFlow(request: Request): AsyncGenerator<Request, void, Response>;
}

/**
 * The short form of an {@link Auth}: called once per request, before it is sent.
 * Returns another request, headers to set, or nothing when it changed the request's headers in place.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement is one of the forms.
export type AuthFunction = (request: Request) => Request | HeadersInit | void | Promise<Request | HeadersInit | void>;

/** Whether a value is an {@link Auth}: anything with an `authFlow` method. */
export function isAuth(value: unknown): value is Auth {
  return typeof value === "object" && value !== null && "authFlow" in value && typeof value.authFlow === "function";
}
