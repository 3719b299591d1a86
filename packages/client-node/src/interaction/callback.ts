/**
 * What comes back from the authorization server to the redirect URI: recognised, never interpreted. The engine judges
 * the whole of it (ISS-07).
 */
import { timingSafeEqual } from "node:crypto";
import { SallyportError } from "@sallyport/auth-core";

// Some authorization servers put whole tokens into a code; none comes near this.
const limit = 32 * 1024;

/**
 * Read a callback that a person pasted: the whole URL from the address bar, the same without its scheme, its path and
 * query, its query alone, or `code` and `state` with a `#` or a space between them.
 *
 * @param text - what was pasted.
 * @param redirectUri - the redirect URI of the sign-in. Without it only a whole URL can be read.
 * @returns the callback URL with its query as pasted, and no fragment. It has exactly one `state`, and a `code` or an
 * `error`; whether they are the right ones is the caller's question (AZ-05).
 * @throws SallyportError `state_mismatch` when the text is no callback to this redirect URI. The message says why, and
 * holds nothing of the text.
 *
 * @example
 * ```ts
 * import { readCallback } from "@sallyport/client-node";
 *
 * const callback: URL = readCallback("code=c-1&state=s-1", "http://127.0.0.1:8080/callback");
 * const state = callback.searchParams.get("state");
 * ```
 */
export function readCallback(text: string, redirectUri?: string): URL {
  if (text.length > limit) throw unreadable(`is longer than ${limit / 1024} KiB`);
  const pasted = unwrap(text);
  if (pasted === "") throw unreadable("is empty");
  const callback = redirectUri === undefined ? wholeUrl(pasted) : locate(pasted, new URL(redirectUri));
  callback.hash = "";
  const { searchParams } = callback;
  if (!searchParams.has("code") && !searchParams.has("error")) throw unreadable("has neither a `code` nor an `error`");
  const states = searchParams.getAll("state").length;
  if (states === 0) throw unreadable("has no `state`");
  if (states > 1) throw unreadable("has more than one `state`");
  return callback;
}

/** Whether a callback answers the request that was sent with `state`. Takes the same time for every wrong one. */
export function answersTo(callback: URLSearchParams, state: string): boolean {
  const [given, ...more] = callback.getAll("state");
  if (given === undefined || more.length > 0) return false;
  const [left, right] = [Buffer.from(given), Buffer.from(state)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The `state` that an authorization URL asks to have back. Throws `state_mismatch` when it asks for none. */
export function stateOf(url: URL): string {
  const [state, ...more] = url.searchParams.getAll("state");
  if (state && more.length === 0) return state;
  throw new SallyportError(
    "state_mismatch",
    `The authorization URL of ${url.host} has no single \`state\`, so that its answer could not be told from any other.`,
  );
}

/** Without the quotes, angle brackets and spaces that come along when an address is copied. */
function unwrap(text: string): string {
  const trimmed = text.trim();
  return (
    /^(?:"(.*)"|'(.*)'|<(.*)>)$/s
      .exec(trimmed)
      ?.slice(1)
      .find((inner) => inner !== undefined)
      ?.trim() ?? trimmed
  );
}

function wholeUrl(text: string): URL {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw unreadable("is no whole URL");
  return new URL(text);
}

function locate(text: string, redirect: URL): URL {
  const place = redirect.host + redirect.pathname;
  // Browsers leave the scheme out of what they show.
  const url = text.toLowerCase().startsWith(redirect.host) ? `${redirect.protocol}//${text}` : text;
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    const whole = wholeUrl(url);
    if (whole.origin === redirect.origin && whole.pathname === redirect.pathname) return whole;
    throw unreadable(`is an address of ${whole.host}, not one that begins with ${redirect.protocol}//${place}`);
  }
  const query = queryIn(text, redirect.pathname);
  if (query === undefined) throw unreadable(`does not begin with ${redirect.protocol}//${place}`);
  return withQuery(redirect, query);
}

function queryIn(text: string, path: string): string | undefined {
  if (text.startsWith(`${path}?`)) return text.slice(path.length + 1);
  if (text.startsWith("?")) return text.slice(1);
  if (/^[a-z_]+=/i.test(text)) return text;
  const [, code, state] = /^([^\s#&=?/]+)(?:#|\s+)([^\s#&=?/]+)$/.exec(text) ?? [];
  return code && state && new URLSearchParams({ code, state }).toString();
}

function withQuery(redirect: URL, query: string): URL {
  const callback = new URL(redirect);
  callback.search = query.split("#", 1)[0] ?? "";
  return callback;
}

function unreadable(why: string): SallyportError {
  return new SallyportError(
    "state_mismatch",
    `This is not the callback of the sign-in: it ${why}. Copy the whole address of the page that the browser shows after signing in.`,
  );
}
