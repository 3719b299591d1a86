/**
 * The caller's token, wherever the code that runs for a request happens to be. Carried by `AsyncLocalStorage`: it follows
 * every await, timer and stream of that request and no other.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { AccessToken } from "./access-token.ts";
import { AuthenticationError, InsufficientScopeError } from "./errors.ts";

const current: AsyncLocalStorage<AccessToken | undefined> = new AsyncLocalStorage();

/**
 * The verified token of the request that is being handled; `undefined` outside of a request and on a server without `auth`.
 *
 * @example
 * ```ts
 * import { getAccessToken } from "@sallyport/server";
 *
 * const greeting = (): string => `Hello ${getAccessToken()?.subject ?? "stranger"}`;
 * ```
 */
export function getAccessToken(): AccessToken | undefined {
  return current.getStore();
}

/**
 * The verified token of the request that is being handled.
 *
 * @throws AuthenticationError (`unauthorized`) when there is none.
 *
 * @example
 * ```ts
 * import { requireAuth } from "@sallyport/server";
 *
 * const owner = (): string | undefined => requireAuth().subject;
 * ```
 */
export function requireAuth(): AccessToken {
  const token = current.getStore();
  if (token === undefined) {
    throw new AuthenticationError("There is no verified token here. Give the server `auth`, and ask inside a request.");
  }
  return token;
}

/**
 * The verified token of the request that is being handled, if it allows every one of `scopes`.
 *
 * Thrown before a tool's answer has begun, the refusal reaches the client as 403 with these scopes, so that it can ask for
 * them and call again (CHL-09). Later than that it is an error result.
 *
 * @throws AuthenticationError (`unauthorized`) when there is no token.
 * @throws InsufficientScopeError (`insufficient_scope`) when a scope is missing; its `scopes` are all that were asked for.
 *
 * @example
 * ```ts
 * import { requireScopes } from "@sallyport/server";
 *
 * async function deleteMail(id: string): Promise<void> {
 *   const caller = requireScopes("mail.read", "mail.delete");
 *   await fetch(`https://mail.example/${caller.subject}/${id}`, { method: "DELETE" });
 * }
 * ```
 */
export function requireScopes(...scopes: readonly string[]): AccessToken {
  const token = requireAuth();
  if (!scopes.every((scope) => token.hasScope(scope))) throw new InsufficientScopeError(scopes);
  return token;
}

/**
 * Run `run` as the caller of `token`: inside it, {@link getAccessToken} answers `token`. `MCPServer` does this for every
 * request; use it where {@link createAuthGate} guards a handler of your own.
 *
 * @example
 * ```ts
 * import { createAuthGate, runWithAccessToken, staticTokens } from "@sallyport/server";
 *
 * declare function handle(request: Request): Promise<Response>;
 *
 * const gate = createAuthGate(staticTokens({ "demo-token": { subject: "ada" } }));
 *
 * export default {
 *   async fetch(request: Request): Promise<Response> {
 *     const entry = await gate(request);
 *     return "response" in entry ? entry.response : runWithAccessToken(entry.token, () => handle(request));
 *   },
 * };
 * ```
 */
export function runWithAccessToken<T>(token: AccessToken | undefined, run: () => T): T {
  return current.run(token, run);
}
