/**
 * Signing in with the browser of this machine, which brings the answer to a listener on a loopback address
 * (RFC 8252 §7.3, AUT-07, RED-06, RED-07).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type Interaction,
  type InteractionRequest,
  type InteractionSession,
  SallyportError,
} from "@sallyport/auth-core";
import { openBrowser, requireOpenable } from "./browser.ts";
import { stateOf } from "./callback.ts";
import { judgeRequest } from "./callback-request.ts";
import { type Listener, type LoopbackHost, listenOn, portsToTry } from "./listener.ts";
import { pageHeaders, pages, render } from "./page.ts";
import { printUrl } from "./terminal.ts";
import { givenUp, within } from "./within.ts";

/** Options of {@link loopbackInteraction}. */
export interface LoopbackInteractionOptions {
  /**
   * The name of this machine in the redirect URI. `localhost`, which RFC 8252 §8.3 advises against, is for authorization
   * servers that know no other. Default `127.0.0.1`.
   */
  readonly host?: LoopbackHost | undefined;
  /** How long to wait for the answer, in milliseconds. Default: 300 000, five minutes. */
  readonly timeoutMs?: number | undefined;
  /** Opens the browser. When it fails, so does the sign-in. Default: the system's opener, or the program in `BROWSER`. */
  readonly open?: ((url: URL) => void | Promise<void>) | undefined;
  /** Shows the URL too, for when no browser opens. Default: prints it on standard error. */
  readonly onUrl?: ((url: URL) => void) | undefined;
}

/** The port when none is named. */
export const defaultPort = 8080;
/** The path when none is named. */
export const defaultPath = "/callback";

/**
 * An interaction that opens the browser and listens for the answer.
 *
 * The port is held from `open` to the answer: 8080 unless another is preferred, and the next free one when it is taken.
 * Only the answer to this sign-in is taken, by its `state`; whatever else arrives gets a page that says so.
 *
 * `open` rejects with `port_unavailable`, and with `authorization_required` when the configured `callbackUrl` is not on
 * this machine. `authorize` rejects with `authorization_timeout`, `insecure_url`, `state_mismatch` when the URL has no
 * `state`, or the reason of the signal.
 *
 * @example
 * ```ts
 * import { loopbackInteraction } from "@sallyport/client-node";
 *
 * const interaction = loopbackInteraction({ timeoutMs: 120_000 });
 * const session = await interaction.open({ preferredPort: 8080 });
 * console.log(session.redirectUri);
 * await session.close();
 * ```
 */
export function loopbackInteraction(options: LoopbackInteractionOptions = {}): Interaction {
  return {
    async open(request) {
      request.signal?.throwIfAborted();
      const session = new LoopbackSession(options, request.signal);
      await session.listen(request);
      return session;
    },
  };
}

// An authorization server sends nobody back to an address that it does not know (RFC 6749 §4.1.2.1).
const unfinished =
  "Sign in again, and finish it in time. If the browser showed an error instead, the client, or this address as its redirect URI, may not be registered there: check `clientId` and `callbackUrl`.";

/** Whether an answer to this redirect URI can be received by a listener on this machine. */
export function isReceivable(redirectUri: string): boolean {
  const { protocol, hostname } = new URL(redirectUri);
  return protocol === "http:" && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

class LoopbackSession implements InteractionSession {
  readonly #options: LoopbackInteractionOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #closed = new AbortController();
  #redirectUri = "";
  #listener: Listener | undefined;
  #closing: Promise<void> | undefined;
  #state: string | undefined;
  #answer: ((callback: URL) => void) | undefined;
  #isAnswered = false;
  #isExpected: InteractionRequest["isExpected"];

  constructor(options: LoopbackInteractionOptions, signal: AbortSignal | undefined) {
    this.#options = options;
    this.#signal = signal;
  }

  get redirectUri(): string {
    return this.#redirectUri;
  }

  async listen(request: InteractionRequest): Promise<void> {
    const { host, ports, advice } = placeOf(request, this.#options.host ?? "127.0.0.1");
    this.#isExpected = request.isExpected;
    const receive = (incoming: IncomingMessage, response: ServerResponse): void => {
      this.#receive(incoming, response).catch(() => response.destroy());
    };
    this.#listener = await listenOn(host, ports, receive, advice);
    const { redirectUri, path = defaultPath } = request;
    this.#redirectUri = redirectUri ?? new URL(`http://${host}:${this.#listener.port}`).origin + path;
    if (!this.#signal?.aborted) return;
    await this.close();
    throw this.#signal.reason;
  }

  async authorize(url: URL): Promise<URL> {
    if (this.#state !== undefined) throw new TypeError("This session has been used: open another for another sign-in.");
    const state = stateOf(requireOpenable(url));
    const { timeoutMs = 300_000 } = this.#options;
    let unopened: Error | undefined;
    const late = (): Error => {
      const what = `No answer came to ${this.redirectUri} within ${timeoutMs / 1000} seconds.`;
      const next = unopened?.message ?? unfinished;
      return new SallyportError("authorization_timeout", `${what} ${next}`, unopened && { cause: unopened });
    };
    try {
      return await within({ timeoutMs, late, signals: [this.#signal, this.#closed.signal] }, () => {
        const answer = new Promise<URL>((resolve) => {
          this.#answer = resolve;
          this.#state = state;
        });
        const note = (error: Error): void => {
          unopened = error;
        };
        return Promise.race([answer, this.#show(url, note).then(() => answer)]);
      });
    } catch (error) {
      // Nobody waits any more: what comes now must not be told that it was received.
      void this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closed.abort(givenUp());
    this.#closing ??= this.#listener?.close() ?? Promise.resolve();
    return this.#closing;
  }

  /** Rejects only when a caller's own function does. Without a browser there is still the URL that was shown. */
  async #show(url: URL, note: (error: Error) => void): Promise<void> {
    const { open, onUrl = printUrl } = this.#options;
    onUrl(url);
    if (open === undefined) openBrowser(url).catch(note);
    else await open(url);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Of two addresses one is bound first, and may be called before both are.
    if (this.#redirectUri === "") return void response.destroy();
    const redirect = new URL(this.redirectUri);
    const judge = (state: string | undefined) =>
      judgeRequest(request, { redirect, state, isAnswered: this.#isAnswered });
    let verdict = judge(this.#state);
    if (verdict.page === pages.foreign && this.#state !== undefined) verdict = judge(await this.#orphan(request));
    const { page, callback } = verdict;
    if (callback !== undefined) {
      this.#isAnswered = true;
      this.#answer?.(callback);
    }
    response.writeHead(page.status, pageHeaders(page)).end(request.method === "HEAD" ? undefined : render(page));
  }

  /** The `state` of a sign-in that was begun by a process which is gone: its answer comes to whoever listens now (pain 4). */
  async #orphan({ url = "" }: IncomingMessage): Promise<string | undefined> {
    const [state = "", ...more] = new URL(url, this.redirectUri).searchParams.getAll("state");
    if (state === "" || more.length > 0 || this.#isExpected === undefined) return undefined;
    return (await this.#isExpected(state)) ? state : undefined;
  }
}

/** Where to listen, and what to do when that cannot be had. */
interface Place {
  readonly host: string;
  readonly ports: readonly number[];
  readonly advice: string;
}

function placeOf(
  { redirectUri, preferredPort = defaultPort, strictPort = false }: InteractionRequest,
  host: string,
): Place {
  if (redirectUri === undefined) {
    const advice = "End that program, or set another callbackPort, or leave strictPort out to use the next free port.";
    return { host, ports: portsToTry(preferredPort, strictPort), advice };
  }
  const { hostname, port, host: shown } = new URL(redirectUri);
  if (!isReceivable(redirectUri) || port === "0") {
    throw new SallyportError(
      "authorization_required",
      `The answer to the callbackUrl at ${shown} cannot be received here: it is no http address of this machine with a port. Use manualInteraction, which takes the pasted answer, or leave callbackUrl out.`,
    );
  }
  const advice =
    "End that program, or set another callbackUrl, which must be registered with the authorization server.";
  return { host: hostname, ports: [Number(port || 80)], advice };
}
