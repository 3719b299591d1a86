/**
 * One call of the authenticated fetch, from the first request to the response that is handed over. A redirect that is
 * followed starts the scheme anew, so that a signature is made for the URL it is sent to.
 */
import type { AuthEventListener } from "../events.ts";
import type { Auth } from "../schemes/auth.ts";
import { unlessAborted } from "./abort.ts";
import type { AuthFetch, Call, SendInit, Target } from "./call.ts";
import { addStaticHeaders, mayBeCredential } from "./headers.ts";
import { type Handed, invalidFlow, type Leg, LegSender, release } from "./leg.ts";
import { Observer } from "./observe.ts";
import { checkRedirect, redirected } from "./redirects.ts";
import type { HeaderReading, StaticHeaders } from "./static-headers.ts";

/** What a call needs to know of its fetch. */
export interface Setup {
  readonly auth: Auth;
  readonly headers: StaticHeaders;
  /** Whether there is anything that belongs to one origin alone. */
  readonly guarded: boolean;
  readonly send: AuthFetch;
  readonly onEvent: AuthEventListener | undefined;
}

/** Carry out one call. */
export class Exchange {
  readonly #setup: Setup;
  readonly #signal: AbortSignal | undefined;
  readonly #observer: Observer;
  readonly #sender: LegSender;

  constructor(setup: Setup, call: Call) {
    this.#setup = setup;
    this.#signal = call.signal;
    this.#observer = new Observer(setup.onEvent);
    this.#sender = new LegSender(setup.send, call, this.#observer);
  }

  async run(first: Target): Promise<Response> {
    const { headers } = this.#setup;
    let target = first;
    let redirects = 0;
    let renewed = false;
    try {
      let readings = await unlessAborted(this.#signal, headers.read());
      for (;;) {
        const handed = this.#hand(target, readings);
        const { response, to } = await this.#authenticate(handed);
        if (to !== undefined) {
          release(response);
          redirects += 1;
          this.#checkRedirect(response.status, handed, to, redirects);
          target = redirected(target, to, response.status);
          continue;
        }
        if (response.status === 401 && !renewed) {
          renewed = true;
          const fresh = await orRelease(response, unlessAborted(this.#signal, headers.renew(readings)));
          if (fresh !== undefined) {
            release(response);
            readings = fresh;
            continue;
          }
        }
        target.body.settle();
        // As a runtime tells it that follows redirects by itself.
        if (redirects > 0) Object.defineProperty(response, "redirected", { value: true });
        return response;
      }
    } catch (error) {
      target.body.discard();
      throw error;
    }
  }

  /** Make the request that the scheme is asked to authenticate. */
  #hand(target: Target, readings: readonly HeaderReading[]): Handed {
    const { url, method, body } = target;
    const whole = this.#setup.auth.needsBody !== false;
    // Wrapping the body in a stream costs more than all the rest of a Request.
    const init: SendInit = { method, headers: target.headers, body: whole ? body.open() : null };
    if (body.streams) init.duplex = "half";
    const request = new Request(url, init);
    // Making a Request follow a signal costs as much again, and few schemes ask for it.
    if (this.#signal !== undefined) Object.defineProperty(request, "signal", { value: this.#signal });
    if (body.contentType !== undefined && !target.headers.has("content-type")) {
      request.headers.set("content-type", body.contentType);
    }
    addStaticHeaders(request, readings);
    const headers = new Map(request.headers);
    const guarded = this.#setup.guarded || [...headers.keys()].some(mayBeCredential);
    return { request, url, headers, body, whole, guarded };
  }

  /** Run the scheme until it is content, or a redirect takes the request elsewhere. */
  async #authenticate(handed: Handed): Promise<Leg> {
    const flow = this.#setup.auth.authFlow(handed.request);
    if (typeof flow?.next !== "function")
      throw invalidFlow("gave no generator: write it as `async *authFlow(request)`");
    let response: Response | undefined;
    try {
      let step = await unlessAborted(this.#signal, flow.next());
      while (step.done !== true) {
        if (response !== undefined) release(response);
        const leg = await this.#sender.send(step.value, handed);
        if (leg.to !== undefined) return leg;
        response = leg.response;
        step = await unlessAborted(this.#signal, flow.next(response));
      }
    } catch (error) {
      if (response !== undefined) release(response);
      throw error;
    } finally {
      void close(flow);
    }
    if (response !== undefined) return { response, to: undefined };
    throw invalidFlow("ended without yielding a request");
  }

  #checkRedirect(status: number, { url, guarded }: Handed, to: URL, redirects: number): void {
    try {
      checkRedirect({ from: url, to, status, guarded, redirects });
    } catch (error) {
      this.#observer.redirect(status, url, to, false);
      throw error;
    }
    this.#observer.redirect(status, url, to, true);
  }
}

async function orRelease<T>(response: Response, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    release(response);
    throw error;
  }
}

/** Let a scheme that is not asked any further clean up. It may still wait for something: nobody waits for it. */
async function close(flow: AsyncGenerator<Request, void, Response>): Promise<void> {
  try {
    await flow.return(undefined);
  } catch {
    // The call has its outcome already, and a failure to clean up does not change it.
  }
}
