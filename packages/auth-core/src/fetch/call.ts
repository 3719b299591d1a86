/**
 * What a caller asked `fetch` for, taken apart so that it can be sent more than once. Follows the constructor of
 * `Request` in the Fetch standard: `init` wins over the request it comes with.
 */
import { SallyportError } from "../errors.ts";
import { noBody, type ReplayableBody, replayable } from "./body.ts";

/** A `fetch` that authenticates. Takes what `fetch` takes. */
export type AuthFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** `RequestInit` as the platforms take it; the DOM's own type lacks `duplex`. */
export type SendInit = RequestInit & { duplex?: "half" };

/** One request as it should arrive; a redirect makes the next one of it. */
export interface Target {
  readonly url: URL;
  readonly method: string;
  /** The caller's own headers. */
  readonly headers: Headers;
  readonly body: ReplayableBody;
}

/** A call of the authenticated fetch. */
export interface Call extends Target {
  readonly signal: AbortSignal | undefined;
  readonly redirect: RequestRedirect;
  /** Everything else the caller gave, also what only its platform knows, such as `dispatcher` or `cf`. */
  readonly extras: SendInit;
}

/**
 * Read the arguments of a `fetch`. The body of a `Request` is read into memory, since that is the only way to learn its
 * length; a stream in `init.body` is not.
 *
 * @returns a promise only when there is something to wait for.
 * @throws SallyportError `config_invalid` when the URL holds a user name or a password.
 */
export function readCall(input: string | URL | Request, init: RequestInit | undefined): Call | Promise<Call> {
  const given = input instanceof Request ? input : undefined;
  const call = {
    url: parseUrl(given === undefined ? input : given.url),
    method: methodOf(init?.method ?? given?.method),
    headers: new Headers(init?.headers ?? given?.headers),
    signal: signalOf(input, init),
    redirect: init?.redirect ?? given?.redirect ?? "follow",
    extras: Object.assign(given === undefined ? {} : settingsOf(given), init),
  };
  const body = readBody(given, init?.body);
  return body instanceof Promise ? body.then((read) => ({ ...call, body: read })) : Object.assign(call, { body });
}

/** The signal that aborts a call: `init.signal`, where `null` means none, then that of the request. */
export function signalOf(input: string | URL | Request, init: RequestInit | undefined): AbortSignal | undefined {
  if (init?.signal !== undefined) return init.signal ?? undefined;
  return input instanceof Request ? input.signal : undefined;
}

function parseUrl(input: string | URL | Request): URL {
  const url = absoluteUrl(String(input));
  if (url.username !== "" || url.password !== "") {
    throw new SallyportError(
      "config_invalid",
      `The URL for ${url.host} holds a user name or a password, which fetch refuses. Take them out and use basic authentication.`,
    );
  }
  // Runtimes differ in whether they send the `?` of an empty query, and a signature covers what is sent.
  if (url.search === "" && url.href.includes("?")) url.search = "";
  return url;
}

const normalizedMethods: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** Fetch standard, normalize a method: those that everybody knows may be written in lowercase. */
function methodOf(method = "GET"): string {
  if (normalizedMethods.has(method)) return method;
  const upper = method.toUpperCase();
  return normalizedMethods.has(upper) ? upper : method;
}

function absoluteUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // A Request resolves a relative URL against the page, where there is one; in vain it fails as `fetch` would.
    return new URL(new Request(text).url);
  }
}

function readBody(given: Request | undefined, body: unknown): ReplayableBody | Promise<ReplayableBody> {
  if (body !== undefined && body !== null) return replayable(body);
  if (given === undefined || given.body === null) return noBody;
  // Firefox has no `Request.body` to tell "no body" from "a body".
  return given.arrayBuffer().then((bytes) => (bytes.byteLength === 0 ? noBody : replayable(bytes)));
}

/** The members of a `Request` that a spread would miss, since they live on its prototype. */
function settingsOf(request: Request): SendInit {
  const { cache, credentials, integrity, keepalive, mode, referrer, referrerPolicy } = request;
  return {
    cache,
    credentials,
    integrity,
    keepalive,
    // A page's own navigation cannot be repeated as one.
    mode: mode === "navigate" ? "same-origin" : mode,
    referrer,
    referrerPolicy,
  };
}
