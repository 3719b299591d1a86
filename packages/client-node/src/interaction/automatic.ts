/**
 * Signing in with whatever is there: a browser, a device code, a terminal.
 */
import {
  type Interaction,
  type InteractionRequest,
  type InteractionSession,
  SallyportError,
} from "@sallyport/auth-core";
import { openBrowser } from "./browser.ts";
import { isReceivable, loopbackInteraction } from "./loopback.ts";
import { type ManualInteractionOptions, manualInteraction } from "./manual.ts";
import { type Surroundings, surroundings, type Ways, waysToAsk } from "./ways.ts";

/** Options of {@link automaticInteraction}: those of the interactions that it chooses from. */
export interface AutomaticInteractionOptions extends ManualInteractionOptions {
  /**
   * How long to wait for the answer, in milliseconds. Default: that of the interaction that is chosen. A device code is
   * waited for as long as it is good.
   */
  readonly timeoutMs?: number | undefined;
  /** Opens the browser. With it there is always one. When it fails, so does the sign-in. Default: the system's opener. */
  readonly open?: ((url: URL) => void | Promise<void>) | undefined;
  /** What surrounds the process, asked each time. Default: its platform, environment variables and terminals. */
  readonly surroundings?: (() => Surroundings) | undefined;
}

/**
 * An interaction that chooses for each sign-in: the browser where one can be opened; else a device code where the server
 * offers that and somebody reads what is printed; else the pasted callback where there is a terminal.
 *
 * A browser is one on the machine of the person: not over SSH, and on Linux with a display, in WSL, or named by `BROWSER`.
 * In CI nobody is asked, except with the grant `device_code`, whose code is shown in any case. `BROWSER=none` turns the
 * browser off.
 *
 * `open` rejects with `authorization_required` when there is nobody to ask; else as {@link loopbackInteraction} and
 * {@link manualInteraction} do.
 *
 * @example
 * ```ts
 * import { automaticInteraction } from "@sallyport/client-node";
 *
 * const interaction = automaticInteraction();
 * console.log(interaction.prefersDeviceCode ? "A code will be printed." : "A browser will open, or a URL be printed.");
 * ```
 */
export function automaticInteraction(options: AutomaticInteractionOptions = {}): Interaction {
  const manual = manualInteraction(options);
  const ways = (): Ways => {
    const { browser, print, paste } = waysToAsk((options.surroundings ?? surroundings)());
    return {
      browser: browser || options.open !== undefined,
      print: print || options.onDeviceCode !== undefined,
      paste: paste || options.ask !== undefined,
    };
  };
  return {
    open: async (request) => open(request, options, ways()),
    showDeviceCode: (code) => manual.showDeviceCode?.(code),
    get prefersDeviceCode() {
      const { browser, print } = ways();
      return !browser && print;
    },
  };
}

function open(
  request: InteractionRequest,
  options: AutomaticInteractionOptions,
  { browser, paste }: Ways,
): Promise<InteractionSession> {
  const { redirectUri } = request;
  if (browser && (redirectUri === undefined || isReceivable(redirectUri))) {
    return loopbackInteraction(options).open(request);
  }
  // Nothing is lost when it does not open: the URL is shown as well.
  const opener = options.open ?? ((url) => openBrowser(url).catch(() => {}));
  if (paste) return manualInteraction({ ...options, open: browser ? opener : undefined }).open(request);
  throw new SallyportError("authorization_required", browser ? unreachable(request) : nobody);
}

const nobody =
  "Somebody has to sign in, and nobody can be asked here: no browser can be opened, and standard input is no terminal. " +
  "Sign in once in a terminal or on a desktop with the same credential store, which is used from then on; or set the " +
  'grant to "client_credentials", which needs nobody, or to "device_code", whose code is printed on standard error.';

function unreachable({ redirectUri = "" }: InteractionRequest): string {
  const { host } = new URL(redirectUri);
  return `The answer to the callbackUrl at ${host} has to be pasted, and standard input is no terminal. Run this in a terminal, or leave callbackUrl out to have the answer come to this machine.`;
}
