/**
 * What to do with a redirect. Credentials stay with their origin, whichever header, cookie or parameter carries them:
 * RFC 9110 §15.4, OAuth 2.1 §7.1.3, TOK-10, SSR-04.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { noBody } from "./body.ts";
import type { Target } from "./call.ts";

/** How many redirects one call follows. */
const maxRedirects = 10;

/**
 * Where a response redirects to; `undefined` when it does not.
 *
 * @throws SallyportError `redirect_refused` when the target is no URL.
 */
export function redirectTarget(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.get("location");
  if (location === null) return undefined;
  if (!URL.canParse(location, from.href)) {
    throw new SallyportError(
      "redirect_refused",
      `${from.origin} answered ${response.status} with a Location that is no URL. Check the URL of the server.`,
    );
  }
  const to = new URL(location, from);
  // Fetch standard, HTTP-redirect fetch: the fragment is kept.
  if (to.hash === "") to.hash = from.hash;
  return to;
}

/** A redirect that is about to be followed. */
export interface RedirectStep {
  readonly from: URL;
  readonly to: URL;
  readonly status: number;
  /** Whether the request carries what belongs to its origin alone. */
  readonly guarded: boolean;
  /** Counts the redirects of the call, this one included. */
  readonly redirects: number;
}

/**
 * Decide whether a redirect may be followed. Another origin is another scheme, host or port.
 *
 * @throws SallyportError `redirect_refused` naming both origins.
 */
export function checkRedirect(step: RedirectStep): void {
  const { from, to, guarded, redirects } = step;
  if (redirects > maxRedirects) throw refusal(step, `It was the last of more than ${maxRedirects} redirects.`);
  if (!isHttp(to)) throw refusal(step, "Only http and https URLs are followed.");
  if (to.username !== "" || to.password !== "") {
    throw refusal(step, "A redirect cannot bring a user name or a password.");
  }
  if (to.origin === from.origin) return;
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw refusal(step, "From https to http, the request would be sent in the clear.");
  }
  if (guarded) {
    throw refusal(
      step,
      "The credentials of one origin are not sent to another. If the server has moved, set its new URL in the configuration.",
    );
  }
}

/**
 * The request that follows a redirect. 303 turns into a GET; every other redirect repeats the request as it was.
 *
 * The Fetch standard also turns a POST into a GET after 301 and 302. RFC 9110 §15.4.2 allows but does not ask for that,
 * and every MCP message is a POST: as a GET it would silently ask for something else.
 */
export function redirected(target: Target, to: URL, status: number): Target {
  if (status !== 303 || target.method === "GET" || target.method === "HEAD") return { ...target, url: to };
  const headers = new Headers(target.headers);
  for (const name of ["content-encoding", "content-language", "content-length", "content-location", "content-type"]) {
    headers.delete(name);
  }
  target.body.discard();
  return { url: to, method: "GET", headers, body: noBody };
}

/** A browser that hides where a redirect leads: nothing can be checked, so nothing is followed. */
export function hiddenRedirect(from: URL): SallyportError<"redirect_refused"> {
  return new SallyportError(
    "redirect_refused",
    `${from.origin} answered with a redirect, and this browser hides its target from the page, so that credentials could end up at another origin. Set the URL the server really has in the configuration.`,
  );
}

function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

function refusal({ from, to, status }: RedirectStep, reason: string): SallyportError<"redirect_refused"> {
  const target = isHttp(to) ? to.origin : to.protocol;
  return new SallyportError(
    "redirect_refused",
    `${from.origin} redirected (${status}) to ${quoteForeign(target)}. ${reason}`,
  );
}
