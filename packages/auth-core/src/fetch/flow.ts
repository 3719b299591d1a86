/**
 * Drives a scheme that has a flow of its own: shows it the request as a `Request`, sends what it yields, and checks what
 * each one carries and where it goes.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import type { Auth } from "../schemes/auth.ts";
import { unlessAborted } from "./abort.ts";
import type { SendInit, Target } from "./call.ts";
import { addedHeaders, mayBeCredential } from "./headers.ts";
import { type Leg, type LegSender, type Outgoing, release } from "./leg.ts";

/** A request as it was handed to the scheme. */
interface Handed {
  readonly request: Request;
  readonly target: Target;
  /** Its headers, before the scheme has changed them. */
  readonly headers: Headers;
  /** Whether the scheme was shown the body. */
  readonly whole: boolean;
}

/** The flows of one call: one, and a further one for each redirect and renewal. */
export class FlowRunner {
  readonly #auth: Auth;
  readonly #sender: LegSender;
  readonly #signal: AbortSignal | undefined;
  /** The credential headers that went to the origin of the call, as `name: value`. */
  readonly #sent: Set<string> = new Set();

  constructor(auth: Auth, sender: LegSender, signal: AbortSignal | undefined) {
    this.#auth = auth;
    this.#sender = sender;
    this.#signal = signal;
  }

  /**
   * Run the scheme until it is content, or a redirect takes the request elsewhere.
   *
   * @param headers - what the request carries without the scheme.
   * @throws SallyportError `redirect_refused` when the scheme would take credentials elsewhere, `config_conflict` when it
   * has replaced a header, `config_invalid` when it breaks the contract of `authFlow`; and as {@link LegSender.send}.
   */
  async run(target: Target, headers: Headers): Promise<Leg> {
    const handed = this.#hand(target, headers);
    const flow = this.#auth.authFlow(handed.request);
    if (typeof flow?.next !== "function")
      throw invalidFlow("gave no generator: write it as `async *authFlow(request)`");
    let response: Response | undefined;
    try {
      let step = await unlessAborted(this.#signal, flow.next());
      while (step.done !== true) {
        if (response !== undefined) release(response);
        const leg = await this.#sender.send(await this.#outgoing(step.value, handed), target);
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

  /** Make the request that the scheme is asked to authenticate. */
  #hand(target: Target, headers: Headers): Handed {
    const { url, method, body } = target;
    const whole = this.#auth.needsBody !== false;
    // Wrapping the body in a stream costs more than all the rest of a Request.
    const init: SendInit = { method, headers, body: whole ? body.open() : null };
    if (body.streams) init.duplex = "half";
    const request = new Request(url, init);
    // Making a Request follow a signal costs as much again, and few schemes ask for it.
    if (this.#signal !== undefined) Object.defineProperty(request, "signal", { value: this.#signal });
    return { request, target, headers, whole };
  }

  async #outgoing(request: Request, handed: Handed): Promise<Outgoing> {
    if (!(request instanceof Request)) throw invalidFlow("yielded something that is no Request");
    const { target, whole } = handed;
    const { method, headers } = request;
    const own = request === handed.request;
    // A Request writes its URL anew each time it is asked.
    const url = own || request.url === handed.request.url ? target.url : new URL(request.url);
    const atHome = url.origin === target.url.origin;
    if (atHome) {
      for (const [name, value] of addedHeaders(handed.headers, headers)) this.#sent.add(`${name}: ${value}`);
    } else this.#checkAbroad(headers, handed, url);
    const body = own || (atHome && !whole) ? target.body.open() : await bodyOf(request, target.body.streams);
    return { url, method, headers, body, signal: own ? this.#signal : withSignal(request.signal, this.#signal) };
  }

  /** A scheme may ask another server for a token, but nothing that belongs to the origin of the call goes there. */
  #checkAbroad(headers: Headers, handed: Handed, url: URL): void {
    for (const [name, value] of headers) {
      const own = mayBeCredential(name) && handed.headers.get(name) === value;
      if (!own && !this.#sent.has(`${name}: ${value}`)) continue;
      throw new SallyportError(
        "redirect_refused",
        `The auth scheme was about to send the header ${name}, which belongs to ${handed.target.url.origin}, to ${quoteForeign(url.origin)}. Give each origin its own fetch.`,
      );
    }
  }
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

/** Let a scheme that is not asked any further clean up. It may still wait for something: nobody waits for it. */
async function close(flow: AsyncGenerator<Request, void, Response>): Promise<void> {
  try {
    await flow.return(undefined);
  } catch {
    // The call has its outcome already, and a failure to clean up does not change it.
  }
}

/** A scheme that breaks the contract of `authFlow`. */
function invalidFlow(problem: string): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `The authFlow of the auth scheme ${problem}.`);
}
