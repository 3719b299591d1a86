/**
 * One call of the authenticated fetch, from the first request to the response that is handed over. A redirect that is
 * followed starts the scheme anew, so that a signature is made for the URL it is sent to.
 */
import type { AuthEventListener } from "../events.ts";
import type { Auth } from "../schemes/auth.ts";
import type { HeaderReading, HeaderSource } from "../schemes/header-source.ts";
import { unlessAborted } from "./abort.ts";
import type { AuthFetch, Call, Target } from "./call.ts";
import { FlowRunner } from "./flow.ts";
import { addSchemeHeaders, addStaticHeaders } from "./headers.ts";
import { type Leg, LegSender, release } from "./leg.ts";
import { Observer } from "./observe.ts";
import { checkRedirect, redirected } from "./redirects.ts";

/** What a call needs to know of its fetch. */
export interface Setup {
  readonly auth: Auth;
  /** The headers of `auth`, when they are all there is to it. */
  readonly authHeaders: HeaderSource | undefined;
  readonly headers: HeaderSource;
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
  #flows: FlowRunner | undefined;

  constructor(setup: Setup, call: Call) {
    this.#setup = setup;
    this.#signal = call.signal;
    this.#observer = new Observer(setup.onEvent);
    this.#sender = new LegSender(setup.send, call, this.#observer, setup.guarded);
  }

  async run(first: Target): Promise<Response> {
    const { headers } = this.#setup;
    let target = first;
    let redirects = 0;
    let renewed = false;
    try {
      const reading = headers.read();
      let readings = reading instanceof Promise ? await unlessAborted(this.#signal, reading) : reading;
      for (;;) {
        const { response, to } = await this.#authenticate(target, readings);
        if (to !== undefined) {
          release(response);
          redirects += 1;
          this.#checkRedirect(response.status, target, to, redirects);
          target = redirected(target, to, response.status);
          continue;
        }
        if (response.status === 401 && !renewed) {
          renewed = true;
          const fresh = await this.#renewed(response, headers, readings);
          if (fresh !== undefined) {
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

  /** Send a request as the scheme wants it, until the scheme is content or a redirect takes the request elsewhere. */
  #authenticate(target: Target, readings: readonly HeaderReading[]): Promise<Leg> {
    const { auth, authHeaders } = this.#setup;
    if (authHeaders !== undefined) return this.#withHeaders(target, readings, authHeaders);
    this.#flows ??= new FlowRunner(auth, this.#sender, this.#signal);
    return this.#flows.run(target, outgoingHeaders(target, readings));
  }

  /** What the flow of such a scheme comes to, without the flow. */
  async #withHeaders(target: Target, readings: readonly HeaderReading[], source: HeaderSource): Promise<Leg> {
    const reading = source.read();
    const own = reading instanceof Promise ? await unlessAborted(this.#signal, reading) : reading;
    const leg = await this.#sendHeaders(target, readings, own);
    if (leg.to !== undefined || leg.response.status !== 401) return leg;
    const fresh = await this.#renewed(leg.response, source, own);
    return fresh === undefined ? leg : this.#sendHeaders(target, readings, fresh);
  }

  #sendHeaders(target: Target, readings: readonly HeaderReading[], own: readonly HeaderReading[]): Promise<Leg> {
    const { url, method, body } = target;
    const headers = outgoingHeaders(target, readings);
    addSchemeHeaders(headers, own);
    return this.#sender.send({ url, method, headers, body: body.open(), signal: this.#signal }, target);
  }

  /** Read headers again that a server has refused. When they have changed its answer is let go of, and when that fails. */
  async #renewed(
    refusal: Response,
    source: HeaderSource,
    refused: readonly HeaderReading[],
  ): Promise<readonly HeaderReading[] | undefined> {
    let kept = false;
    try {
      const fresh = await unlessAborted(this.#signal, source.renew(refused));
      kept = fresh === undefined;
      return fresh;
    } finally {
      if (!kept) release(refusal);
    }
  }

  #checkRedirect(status: number, target: Target, to: URL, redirects: number): void {
    const from = target.url;
    try {
      checkRedirect({ from, to, status, guarded: this.#sender.guards(target), redirects });
    } catch (error) {
      this.#observer.redirect(status, from, to, false);
      throw error;
    }
    this.#observer.redirect(status, from, to, true);
  }
}

/** The headers of a request without those of the scheme. */
function outgoingHeaders({ headers, body }: Target, readings: readonly HeaderReading[]): Headers {
  const all = new Headers(headers);
  if (body.contentType !== undefined && !all.has("content-type")) all.set("content-type", body.contentType);
  addStaticHeaders(all, readings);
  return all;
}
