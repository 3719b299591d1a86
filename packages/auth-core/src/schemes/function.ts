/**
 * The short form of an auth scheme: a function that is called once per request.
 */
import type { Auth, AuthFunction } from "./auth.ts";
import { setHeader } from "./header.ts";

/** An {@link Auth} that asks `authenticate` before it sends. */
export function functionAuth(authenticate: AuthFunction): Auth {
  return {
    async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
      const answer = await authenticate(request);
      if (answer instanceof Request) {
        yield answer;
        return;
      }
      for (const [name, value] of new Headers(answer ?? undefined)) setHeader(request, name, value);
      yield request;
    },
  };
}
