/**
 * Sends the requests that a scheme yields: checks what each one carries and where it goes, and hands it to `fetch`
 * with everything the caller asked for.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { maskUrl } from "../events.ts";
import type { ReplayableBody } from "./body.ts";
import type { AuthFetch, Call, SendInit } from "./call.ts";
import { addedHeaders, mayBeCredential } from "./headers.ts";
import type { Observer } from "./observe.ts";
import { hiddenRedirect, redirectTarget } from "./redirects.ts";

/** How many requests one call may consist of: a scheme or a server that never ends is stopped. */
const maxRequests = 20;

/** A request as it was handed to the scheme. */
export interface Handed {
  readonly request: Request;
  /** Where it goes, as the caller knows it: without what a scheme adds to the query. */
  readonly url: URL;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: ReplayableBody;
  /** Whether the scheme was shown the body. */
  readonly whole: boolean;
  /** Whether it carries what belongs to its origin alone. */
  readonly guarded: boolean;
}

/** What one request came to. */
export interface Leg {
  readonly response: Response;
  /** Where it redirects to, when that is to be followed. */
  readonly to: URL | undefined;
}

export class LegSender {
  readonly #send: AuthFetch;
  readonly #call: Call;
  readonly #observer: Observer;
  /** The credential headers that went to the origin of the call, as `name: value`. */
  readonly #sent: Set<string> = new Set();
  #requests = 0;

  constructor(send: AuthFetch, call: Call, observer: Observer) {
    this.#send = send;
    this.#call = call;
    this.#observer = observer;
  }

  /**
   * @throws SallyportError `unauthorized` when this is one request too many, `redirect_refused` when it would take
   * credentials elsewhere, `config_conflict` when the scheme has replaced a header, `config_invalid` when it is no request.
   */
  async send(request: Request, handed: Handed): Promise<Leg> {
    if (!(request instanceof Request)) throw invalidFlow("yielded something that is no Request");
    const own = request === handed.request;
    // A Request writes its URL anew each time it is asked.
    const url = own || request.url === handed.request.url ? handed.url : new URL(request.url);
    const atHome = url.origin === handed.url.origin;
    this.#count(handed.url);
    if (atHome) {
      for (const [name, value] of addedHeaders(handed.headers, request.headers)) this.#sent.add(`${name}: ${value}`);
    } else this.#checkAbroad(request, handed, url);

    const init = await this.#initOf(request, handed, own || (atHome && !handed.whole));
    this.#observer.request(request.method, url, request.headers);
    let response = await this.#fetch(url, init, handed.url);
    if (response.type === "opaqueredirect" && this.#call.redirect === "follow") {
      if (handed.guarded || !atHome) throw hiddenRedirect(url);
      // Nothing goes along that another origin may not see: the browser may follow by itself.
      response = await this.#fetch(url, { ...init, redirect: "follow" }, handed.url);
    }
    this.#observer.response(response.status, url);
    if (!atHome) return { response, to: undefined };
    if (url.search !== handed.url.search) hideQuery(response, url, handed.url.search);
    return { response, to: this.#call.redirect === "follow" ? redirectTarget(response, handed.url) : undefined };
  }

  #count(url: URL): void {
    this.#requests += 1;
    if (this.#requests <= maxRequests) return;
    throw new SallyportError(
      "unauthorized",
      `The authentication with ${url.origin} has not come to an end within ${maxRequests} requests. Check the credentials, and whether the auth scheme is the one the server asks for.`,
    );
  }

  /** A scheme may ask another server for a token, but nothing that belongs to the origin of the call goes there. */
  #checkAbroad(request: Request, handed: Handed, url: URL): void {
    for (const [name, value] of request.headers) {
      const own = mayBeCredential(name) && handed.headers.get(name) === value;
      if (!own && !this.#sent.has(`${name}: ${value}`)) continue;
      throw new SallyportError(
        "redirect_refused",
        `The auth scheme was about to send the header ${name}, which belongs to ${handed.url.origin}, to ${quoteForeign(url.origin)}. Give each origin its own fetch.`,
      );
    }
  }

  /** The caller's own signal goes along, not that of the call: it also aborts the body of the last response. */
  async #initOf(request: Request, handed: Handed, withBody: boolean): Promise<SendInit> {
    const { signal, redirect, extras } = this.#call;
    const init: SendInit = {
      ...extras,
      method: request.method,
      headers: request.headers,
      body: withBody ? handed.body.open() : await bodyOf(request, handed.body.streams),
      // Where a redirect leads is looked at before it is followed.
      redirect: redirect === "follow" ? "manual" : redirect,
      signal: request === handed.request ? (signal ?? null) : withSignal(request.signal, signal),
    };
    if (handed.body.streams) init.duplex = "half";
    return init;
  }

  async #fetch(url: URL, init: SendInit, shown: URL): Promise<Response> {
    // Called as a plain function: a browser's fetch refuses any other `this`.
    const send = this.#send;
    try {
      return await send(url.href, init);
    } catch (error) {
      throw url === shown ? error : withoutQuery(error, url);
    }
  }
}

/** Free the connection of a response that nobody will read. */
export function release(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** The body of a request that a scheme has made itself. Read into memory for its length, unless the caller's is a stream. */
async function bodyOf(request: Request, streams: boolean): Promise<BodyInit | null> {
  if (request.bodyUsed) {
    throw invalidFlow(
      "yielded a Request whose body was already used: yield the request it was given, or make each new one from a clone",
    );
  }
  if (request.body === null || streams) return request.body;
  const bytes = await request.arrayBuffer();
  return bytes.byteLength === 0 ? null : bytes;
}

function withSignal(own: AbortSignal, call: AbortSignal | undefined): AbortSignal {
  return call === undefined ? own : AbortSignal.any([own, call]);
}

/** Let the response tell the URL that the caller asked for: a key in the query would end up in logs. */
function hideQuery(response: Response, url: URL, search: string): void {
  const shown = new URL(url);
  shown.search = search;
  shown.hash = "";
  Object.defineProperty(response, "url", { value: shown.href });
}

/** Some runtimes name the whole URL in the errors of their network, and with it a key in the query. */
function withoutQuery(error: unknown, url: URL): unknown {
  const texts: unknown[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    texts.push(at.message, at.stack, ...Object.values(at));
  }
  const leaks = texts.some((text) => String(text).includes(url.search));
  if (!leaks || url.search === "") return error;
  return new SallyportError("connect_failed", `The request to ${maskUrl(url)} failed before an answer arrived.`);
}

/** A scheme that breaks the contract of `authFlow`. */
export function invalidFlow(problem: string): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `The authFlow of the auth scheme ${problem}.`);
}
