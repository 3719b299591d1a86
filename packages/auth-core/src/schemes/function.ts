/**
 * The short form of an auth scheme: a function that is called once per request.
 */
import { SallyportError } from "../errors.ts";
import type { Auth, AuthFunction } from "./auth.ts";
import { setHeader } from "./header.ts";

/** An {@link Auth} that asks `authenticate` before it sends. */
export function functionAuth(authenticate: AuthFunction): Auth {
  return {
    async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
      const answer = await authenticate(request);
      if (answer instanceof Request) {
        checkOrigin(request, answer);
        yield answer;
        return;
      }
      for (const [name, value] of new Headers(answer ?? undefined)) setHeader(request, name, value);
      yield request;
    },
  };
}

/** Where a request goes is for the caller to say; the function says who is asking. */
function checkOrigin(asked: Request, answer: Request): void {
  const [home, origin] = [new URL(asked.url).origin, new URL(answer.url).origin];
  if (home === origin) return;
  throw new SallyportError(
    "redirect_refused",
    `The auth function returned a request for ${origin} when it was asked about one for ${home}. Return a request for the same origin.`,
  );
}
