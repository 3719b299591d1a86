/**
 * Signing in where no browser can be opened or reach this machine, as over SSH and in containers: the URL is printed,
 * and the person pastes the address that the browser ends at.
 */
import {
  type DeviceCode,
  type Interaction,
  type InteractionRequest,
  type InteractionSession,
  isSallyportError,
  SallyportError,
} from "@sallyport/auth-core";
import { requireOpenable } from "./browser.ts";
import { answersTo, readCallback, stateOf } from "./callback.ts";
import type { LoopbackHost } from "./listener.ts";
import { defaultPath, defaultPort } from "./loopback.ts";
import { askLine, printDeviceCode, printUrl } from "./terminal.ts";
import { givenUp, inTurn, within } from "./within.ts";

/** Options of {@link manualInteraction}. */
export interface ManualInteractionOptions {
  /** The name of this machine in the redirect URI, when the configuration has no `callbackUrl`. Default `127.0.0.1`. */
  readonly host?: LoopbackHost | undefined;
  /** How long to wait for the answer, in milliseconds. Default: 600 000, ten minutes. */
  readonly timeoutMs?: number | undefined;
  /** Asks for a line of text. The signal ends with the wait. Default: asks on the terminal. */
  readonly ask?: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
  /** Opens the URL as well. When it fails, so does the sign-in. Default: nothing is opened. */
  readonly open?: ((url: URL) => void | Promise<void>) | undefined;
  /** Shows the URL. Default: prints it on standard error. */
  readonly onUrl?: ((url: URL) => void) | undefined;
  /** Shows a device code. Default: prints it on standard error. */
  readonly onDeviceCode?: ((code: DeviceCode) => void | Promise<void>) | undefined;
}

// After so many pastes of something else, the person needs more than the question again.
const attempts = 5;

/**
 * An interaction that prints the URL and asks for the address that the browser ends at. See {@link readCallback} for what
 * may be pasted. Nothing listens at the redirect URI, so that its page does not load.
 *
 * `authorize` rejects with `authorization_timeout`; `state_mismatch` when five times something else was pasted;
 * `authorization_required` when standard input ends; `insecure_url`; or the reason of the signal.
 *
 * @example
 * ```ts
 * import { manualInteraction } from "@sallyport/client-node";
 *
 * const interaction = manualInteraction();
 * const session = await interaction.open({ preferredPort: 8080 });
 * console.log(session.redirectUri);
 * await session.close();
 * ```
 */
export function manualInteraction(options: ManualInteractionOptions = {}): Interaction {
  return {
    async open(request) {
      request.signal?.throwIfAborted();
      return new ManualSession(options, request);
    },
    showDeviceCode: (code) => (options.onDeviceCode ?? printDeviceCode)(code),
  };
}

class ManualSession implements InteractionSession {
  readonly redirectUri: string;
  readonly #options: ManualInteractionOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #closed = new AbortController();

  constructor(options: ManualInteractionOptions, request: InteractionRequest) {
    const { redirectUri, preferredPort, path = defaultPath, signal } = request;
    const { origin } = new URL(`http://${options.host ?? "127.0.0.1"}:${preferredPort || defaultPort}`);
    this.redirectUri = redirectUri ?? origin + path;
    this.#options = options;
    this.#signal = signal;
  }

  authorize(url: URL): Promise<URL> {
    if (this.#options.ask !== undefined) return this.#authorize(url);
    // There is one terminal: its next line can answer one question only.
    return inTurn([this.#signal, this.#closed.signal], () => this.#authorize(url));
  }

  async close(): Promise<void> {
    this.#closed.abort(givenUp());
  }

  #authorize(url: URL): Promise<URL> {
    const { timeoutMs = 600_000 } = this.#options;
    const late = (): Error =>
      new SallyportError(
        "authorization_timeout",
        `No callback was pasted within ${timeoutMs / 1000} seconds. Sign in again, and finish it in time.`,
      );
    return within({ timeoutMs, late, signals: [this.#signal, this.#closed.signal] }, async (signal) => {
      const state = stateOf(requireOpenable(url));
      const { open, onUrl = printUrl } = this.#options;
      onUrl(url);
      await open?.(url);
      return this.#ask(state, signal);
    });
  }

  async #ask(state: string, signal: AbortSignal): Promise<URL> {
    const { ask = askLine } = this.#options;
    let question = `After signing in, the browser goes to ${this.redirectUri}, a page that may not load. Copy its whole address from the address bar and paste it here: `;
    for (let attempt = 1; ; attempt++) {
      const answer = await ask(question, signal);
      try {
        return this.#read(answer, state);
      } catch (error) {
        if (!isSallyportError(error) || attempt === attempts) throw error;
        question = `${error.message}\nPaste it here: `;
      }
    }
  }

  #read(text: string, state: string): URL {
    const callback = readCallback(text, this.redirectUri);
    if (answersTo(callback.searchParams, state)) return callback;
    throw new SallyportError(
      "state_mismatch",
      "This is the callback of another sign-in: its `state` is not the one that was sent. Open the URL that was shown last, and copy the address that the browser ends at.",
    );
  }
}
