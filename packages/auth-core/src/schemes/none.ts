/**
 * No authentication, on purpose: `auth: { "type": "none" }`.
 */
import type { Auth } from "./auth.ts";

/** Sends every request as it is, also after a 401. */
export const noAuth: Auth = Object.freeze({
  needsBody: false,
  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    yield request;
  },
});
