/**
 * Sends one request: hands it to `fetch` with everything the caller asked for, and looks at where the answer leads.
 */
import { SallyportError } from "../errors.ts";
import { maskUrl } from "../events.ts";
import type { AuthFetch, Call, SendInit, Target } from "./call.ts";
import { mayBeCredential } from "./headers.ts";
import type { Observer } from "./observe.ts";
import { hiddenRedirect, redirectTarget } from "./redirects.ts";

/** How many requests one call may consist of: a scheme or a server that never ends is stopped. */
const maxRequests = 20;

/** A request with all that authenticates it. */
export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
  readonly signal: AbortSignal | undefined;
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
  readonly #guarded: boolean;
  #requests = 0;

  /** @param guarded - whether there is anything that belongs to one origin alone, whatever the caller's headers are. */
  constructor(send: AuthFetch, call: Call, observer: Observer, guarded: boolean) {
    this.#send = send;
    this.#call = call;
    this.#observer = observer;
    this.#guarded = guarded;
  }

  /** Whether a request carries what belongs to its origin alone. */
  guards({ headers }: Target): boolean {
    return this.#guarded || [...headers.keys()].some(mayBeCredential);
  }

  /**
   * @param target - what the request is for; its URL is the one the caller knows, without what a scheme adds to the query.
   * @throws SallyportError `unauthorized` when this is one request too many, `redirect_refused` when the answer is a
   * redirect that cannot be checked.
   */
  async send(outgoing: Outgoing, target: Target): Promise<Leg> {
    const { url, method, headers } = outgoing;
    this.#count(target.url);
    const init = this.#initOf(outgoing, target.body.streams);
    this.#observer.request(method, url, headers);
    const follow = this.#call.redirect === "follow";
    const atHome = url === target.url || url.origin === target.url.origin;
    let response = await this.#fetch(url, init, target.url);
    if (response.type === "opaqueredirect" && follow) {
      if (!atHome || this.guards(target)) throw hiddenRedirect(url);
      // Nothing goes along that another origin may not see: the browser may follow by itself.
      response = await this.#fetch(url, { ...init, redirect: "follow" }, target.url);
    }
    this.#observer.response(response.status, url);
    if (!atHome) return { response, to: undefined };
    if (url.search !== target.url.search) hideQuery(response, url, target.url.search);
    return { response, to: follow ? redirectTarget(response, target.url) : undefined };
  }

  #count(url: URL): void {
    this.#requests += 1;
    if (this.#requests <= maxRequests) return;
    throw new SallyportError(
      "unauthorized",
      `The authentication with ${url.origin} has not come to an end within ${maxRequests} requests. Check the credentials, and whether the auth scheme is the one the server asks for.`,
    );
  }

  /** The caller's own signal goes along, not that of the call: it also aborts the body of the last response. */
  #initOf({ method, headers, body, signal }: Outgoing, streams: boolean): SendInit {
    const { redirect, extras } = this.#call;
    // Not a spread: one with members after it is ten times as slow.
    const init: SendInit = Object.assign({}, extras);
    init.method = method;
    init.headers = headers;
    init.body = body;
    // Where a redirect leads is looked at before it is followed.
    init.redirect = redirect === "follow" ? "manual" : redirect;
    init.signal = signal ?? null;
    if (streams) init.duplex = "half";
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
