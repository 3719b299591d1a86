/**
 * The interface every authentication scheme implements.
 */

/**
 * One way of authenticating HTTP requests. A class of your own needs nothing but `authFlow`.
 *
 * @example
 * ```ts
 * import { type Auth, createAuthFetch } from "@sallyport/auth-core";
 *
 * declare function readKey(options: { fresh: boolean }): Promise<string>;
 *
 * class TeamKeyAuth implements Auth {
 *   async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
 *     request.headers.set("X-Team-Key", await readKey({ fresh: false }));
 *     const response = yield request;
 *     if (response.status !== 401) return;
 *     request.headers.set("X-Team-Key", await readKey({ fresh: true }));
 *     yield request;
 *   }
 * }
 *
 * const fetch = createAuthFetch(new TeamKeyAuth());
 * ```
 */
export interface Auth {
  /**
   * Yield the request to send, receive the response, yield again to retry; return to hand the last response to the caller.
   *
   * - The request is a copy that belongs to the flow: change its headers in place and yield it as often as needed, its
   *   body is sent whole each time; or yield another `Request`. Its `signal` is the caller's, for requests of your own;
   *   that of a clone is not.
   * - A response that is followed by another request is cancelled. Of the last one read a `clone()` at most, since the
   *   caller gets it.
   * - A flow may ask another origin, such as a token server; what was meant for the origin of the request does not go there.
   * - The flow is ended with `return()` when the call fails, is aborted, or is redirected; a redirect within the origin
   *   then starts a new flow for the new URL.
   */
  authFlow(request: Request): AsyncGenerator<Request, void, Response>;

  /**
   * `false`: the flow leaves the body alone. It is given the request without one, and the body is sent with every request
   * that it yields for the origin of the call; showing it would cost about ten microseconds. Default: `true`.
   */
  readonly needsBody?: boolean;
}

/**
 * The short form of an {@link Auth}: called once per request, before it is sent.
 * Returns another request, headers to set, or nothing when it changed the request's headers in place.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement is one of the forms.
export type AuthFunction = (request: Request) => Request | HeadersInit | void | Promise<Request | HeadersInit | void>;

/**
 * Headers from code: asked before each request, and once more after a 401. A header it leaves out is not sent.
 *
 * @example
 * ```ts
 * import { createAuthFetch } from "@sallyport/auth-core";
 *
 * declare const session: { tenant: string; readToken(): Promise<string> };
 *
 * const fetch = createAuthFetch(undefined, {
 *   headers: async () => ({ Authorization: `Bearer ${await session.readToken()}`, "X-Tenant": session.tenant }),
 * });
 * ```
 */
export type HeadersFunction = () => HeadersInit | Promise<HeadersInit>;

/** Whether a value is an {@link Auth}: anything with an `authFlow` method. */
export function isAuth(value: unknown): value is Auth {
  return typeof value === "object" && value !== null && "authFlow" in value && typeof value.authFlow === "function";
}
