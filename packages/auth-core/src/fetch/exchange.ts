/**
 * One call of the authenticated fetch, from the first request to the response that is handed over. A redirect that is
 * followed starts the scheme anew at the new URL, so that what is bound to a URL is made for that URL.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { type AuthEventListener, maskUrl } from "../events.ts";
import type { Auth } from "../schemes/auth.ts";
import type { SecretHeader } from "../schemes/multi-header.ts";
import { renewAll } from "../schemes/send-secrets.ts";
import type { Reading, Secret } from "../secrets/secret.ts";
import type { Abort } from "./abort.ts";
import type { AuthFetch } from "./auth-fetch.ts";
import type { ReplayableBody } from "./body.ts";
import type { Call, SendInit, Target } from "./call.ts";
import { addedHeaders, addStaticHeaders, mayBeCredential } from "./headers.ts";
import { Observer } from "./observe.ts";
import {
  checkRedirect,
  hiddenRedirect,
  maxRedirects,
  redirected,
  redirectTarget,
  tooManyRedirects,
} from "./redirects.ts";

/** How many requests one call may consist of: a scheme or a server that never ends is stopped. */
const maxRequests = 20;

/** What a call needs to know of its fetch. */
export interface Setup {
  readonly auth: Auth;
  readonly headers: readonly SecretHeader[];
  /** Whether there is anything that belongs to one origin alone. */
  readonly guarded: boolean;
  readonly send: AuthFetch;
  readonly onEvent: AuthEventListener | undefined;
}

/** A request as it was handed to the scheme. */
interface Handed {
  readonly request: Request;
  readonly url: URL;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: ReplayableBody;
  /** Whether it carries what belongs to its origin alone. */
  readonly guarded: boolean;
}

/** What running the scheme came to: the last response, and where it redirects to when that is to be followed. */
interface Outcome {
  readonly response: Response;
  readonly to: URL | undefined;
}

export class Exchange {
  readonly #setup: Setup;
  readonly #call: Call;
  readonly #abort: Abort;
  readonly #observer: Observer;
  /** Values of headers that belong to the origin of the call. */
  readonly #private: Set<string> = new Set();
  #requests = 0;

  constructor(setup: Setup, call: Call, abort: Abort) {
    this.#setup = setup;
    this.#call = call;
    this.#abort = abort;
    this.#observer = new Observer(setup.onEvent);
  }

  async run(): Promise<Response> {
    const secrets = this.#setup.headers.map(({ secret }) => secret);
    let target: Target = this.#call;
    let redirects = 0;
    let renewed = false;
    try {
      let readings = await this.#abort.race(Promise.all(secrets.map((secret) => secret.get())));
      for (;;) {
        const handed = this.#hand(target, readings);
        const { response, to } = await this.#authenticate(handed);
        if (to !== undefined) {
          redirects += 1;
          this.#leave(response, handed, to, redirects);
          target = await redirected(target, to, response.status);
          continue;
        }
        if (response.status === 401 && !renewed) {
          renewed = true;
          const fresh = await this.#renew(response, secrets, readings);
          if (fresh !== undefined) {
            readings = fresh;
            continue;
          }
        }
        target.body.settle();
        return asSeenByCaller(response, target.url, redirects > 0);
      }
    } catch (error) {
      target.body.discard();
      throw error;
    }
  }

  /** Make the request that the scheme is asked to authenticate. */
  #hand(target: Target, readings: readonly Reading[]): Handed {
    const { url, method, body } = target;
    const init: SendInit = { method, headers: target.headers, body: body.open() };
    if (this.#abort.signal !== undefined) init.signal = this.#abort.signal;
    if (body.streams) init.duplex = "half";
    const request = new Request(url, init);
    if (body.contentType !== undefined && !target.headers.has("content-type")) {
      request.headers.set("content-type", body.contentType);
    }
    addStaticHeaders(request, this.#setup.headers, readings);
    const headers = new Map(request.headers);
    const credentials = [...headers].filter(([name]) => mayBeCredential(name));
    for (const [, value] of credentials) this.#private.add(value);
    return { request, url, headers, body, guarded: this.#setup.guarded || credentials.length > 0 };
  }

  /** Run the scheme until it is content, or a redirect takes the request elsewhere. */
  async #authenticate(handed: Handed): Promise<Outcome> {
    const flow = this.#setup.auth.authFlow(handed.request);
    let response: Response | undefined;
    try {
      let step = await this.#abort.race(flow.next());
      while (step.done !== true) {
        if (response !== undefined) release(response);
        const leg = await this.#send(step.value, handed);
        response = leg.response;
        if (leg.to !== undefined) return leg;
        step = await this.#abort.race(flow.next(response));
      }
    } catch (error) {
      if (response !== undefined) release(response);
      throw error;
    } finally {
      close(flow);
    }
    if (response !== undefined) return { response, to: undefined };
    throw new SallyportError("config_invalid", "The authFlow of the auth scheme ended without yielding a request.");
  }

  /** Send one request of the scheme. */
  async #send(request: Request, handed: Handed): Promise<Outcome> {
    if (!(request instanceof Request)) {
      throw new SallyportError(
        "config_invalid",
        "The authFlow of the auth scheme yielded something that is no Request.",
      );
    }
    const url = request.url === handed.request.url ? handed.url : new URL(request.url);
    const atHome = url.origin === handed.url.origin;
    this.#count(handed.url);
    const added = atHome ? addedHeaders(handed.headers, request.headers) : new Map(request.headers);
    if (atHome) for (const value of added.values()) this.#private.add(value);
    else this.#checkAbroad(added, handed.url, url);
    const carried = atHome ? new Map([...handed.headers, ...added]) : added;
    const credentials = new Map([...carried].filter(([name]) => mayBeCredential(name)));

    const init = await this.#initOf(request, handed);
    this.#observer.request(request.method, url, credentials);
    let response = await this.#fetch(url, init, handed.url);
    if (response.type === "opaqueredirect" && this.#call.redirect === "follow") {
      if (handed.guarded || !atHome) throw hiddenRedirect(url);
      // Nothing goes along that another origin may not see, so the browser may follow by itself.
      response = await this.#fetch(url, { ...init, redirect: "follow" }, handed.url);
    }
    this.#observer.response(response.status, url);
    // What a scheme asks of another server, such as a token, is between the two: its redirects are not followed.
    const to = atHome && this.#call.redirect === "follow" ? redirectTarget(response, handed.url) : undefined;
    return { response, to };
  }

  /** The rest of what `fetch` is told. The caller's own signal also aborts the body of the response, after this call. */
  async #initOf(request: Request, handed: Handed): Promise<SendInit> {
    const own = request === handed.request;
    const { signal, redirect, extras } = this.#call;
    const init: SendInit = {
      ...extras,
      method: request.method,
      headers: request.headers,
      body: own ? handed.body.open() : await bodyOf(request, handed.body.streams),
      redirect: redirect === "follow" ? "manual" : redirect,
      signal: own ? (signal ?? null) : anySignal(signal, request.signal),
    };
    if (handed.body.streams) init.duplex = "half";
    return init;
  }

  async #fetch(url: URL, init: SendInit, shown: URL): Promise<Response> {
    try {
      return await this.#setup.send(url.href, init);
    } catch (error) {
      throw url === shown ? error : withoutQuery(error, url);
    }
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
  #checkAbroad(headers: ReadonlyMap<string, string>, home: URL, abroad: URL): void {
    for (const [name, value] of headers) {
      if (!this.#private.has(value)) continue;
      throw new SallyportError(
        "redirect_refused",
        `The auth scheme was about to send the header ${name}, which belongs to ${home.origin}, to ${quoteForeign(abroad.origin)}. Give each origin its own fetch.`,
      );
    }
  }

  async #renew(response: Response, secrets: readonly Secret[], readings: Reading[]): Promise<Reading[] | undefined> {
    try {
      const fresh = await this.#abort.race(renewAll(secrets, readings));
      if (fresh !== undefined) release(response);
      return fresh;
    } catch (error) {
      release(response);
      throw error;
    }
  }

  #leave(response: Response, { url, guarded }: Handed, to: URL, redirects: number): void {
    release(response);
    const { status } = response;
    try {
      if (redirects > maxRedirects) throw tooManyRedirects(url);
      checkRedirect(url, to, status, guarded);
    } catch (error) {
      this.#observer.redirect(status, url, to, false);
      throw error;
    }
    this.#observer.redirect(status, url, to, true);
  }
}

/** The body of a request that a scheme has made itself. Read into memory for its length, unless the caller's is a stream. */
async function bodyOf(request: Request, streams: boolean): Promise<BodyInit | null> {
  if (request.bodyUsed) {
    throw new SallyportError(
      "config_invalid",
      "The authFlow of the auth scheme yielded a Request whose body was already used. Yield the request it was given, or make each new one from a clone.",
    );
  }
  if (request.body === null || streams) return request.body;
  const bytes = await request.arrayBuffer();
  return bytes.byteLength === 0 ? null : bytes;
}

function anySignal(call: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return call === undefined ? own : AbortSignal.any([call, own]);
}

/** Some runtimes name the whole URL in the errors of their network, and with it a key in the query. */
function withoutQuery(error: unknown, url: URL): unknown {
  const texts: unknown[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    texts.push(at.message, at.stack, ...Object.values(at));
  }
  const leaks = texts.some((text) => String(text).includes(url.search));
  if (url.search === "" || !leaks) return error;
  return new SallyportError("connect_failed", `The request to ${maskUrl(url)} failed before an answer arrived.`);
}

/** Free the connection of a response that nobody will read. */
function release(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** Give a scheme that is not asked further the chance to clean up. */
function close(flow: AsyncGenerator<Request, void, Response>): void {
  flow.return?.().catch(() => {});
}

/** The response as if the runtime had followed the redirects, and without the query that a scheme has added. */
function asSeenByCaller(response: Response, url: URL, redirected: boolean): Response {
  if (response.url !== "" && response.url !== url.href) Object.defineProperty(response, "url", { value: url.href });
  if (redirected) Object.defineProperty(response, "redirected", { value: true });
  return response;
}
