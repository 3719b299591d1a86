/**
 * How a person is asked to sign in: the port between the OAuth engine and a browser, a terminal or a popup.
 */

/** Asks a person. Implemented at the edge: `loopbackInteraction` and `manualInteraction` in Node, popups in a browser. */
export interface Interaction {
  /**
   * Get ready for one sign-in. Called before the client is registered, so that the redirect URI is held from then until
   * the answer came.
   *
   * @returns rejects with `port_unavailable`, or `popup_blocked`.
   */
  open(request: InteractionRequest): Promise<InteractionSession>;

  /**
   * Show a code that the person enters on another device (RFC 8628 §3.3). Without this method the device grant is not used
   * unless it is configured.
   */
  showDeviceCode?(code: DeviceCode): void | Promise<void>;

  /** `true` where no browser can be opened: the device grant is then preferred, where the server offers it. */
  readonly prefersDeviceCode?: boolean;
}

/** What a sign-in wants of an interaction. */
export interface InteractionRequest {
  /** The port to listen on, where there is one: `callbackPort` of the configuration. Default: the interaction's own choice. */
  readonly preferredPort?: number | undefined;
  /** Fail with `port_unavailable` when that port is taken, instead of using another. */
  readonly strictPort?: boolean | undefined;
  /** The path of the redirect URI. Default `/callback`. */
  readonly path?: string | undefined;
  /** The whole redirect URI, where the configuration names one: `callbackUrl`. */
  readonly redirectUri?: string | undefined;
  /**
   * Whether a `state` belongs to a sign-in that waits for its answer: also one that a process began which is gone. An
   * interaction that hears of others ignores them.
   */
  readonly isExpected?: ((state: string) => Promise<boolean>) | undefined;
  /** Ends the sign-in. */
  readonly signal?: AbortSignal | undefined;
}

/** One sign-in, with its redirect URI held. */
export interface InteractionSession {
  /** Where the authorization server sends the person back to, byte for byte as it is registered and sent. */
  readonly redirectUri: string;
  /**
   * Send the person to the authorization server and wait for the answer.
   *
   * @param url - https, or http on this machine: checked before it comes here (URL-01).
   * @returns the whole callback URL as it arrived (ISS-07); rejects with `authorization_timeout`, `popup_blocked`, or the
   * reason of the signal.
   */
  authorize(url: URL): Promise<URL>;
  /** Give everything free that `open` took. Called once, after success and failure alike. */
  close(): Promise<void>;
}

/** A code that the person enters on another device. Foreign text, bounded by the engine. */
export interface DeviceCode {
  readonly userCode: string;
  /** Where to enter it. */
  readonly verificationUri: string;
  /** The same with the code in it, for a link or a QR code. */
  readonly verificationUriComplete?: string | undefined;
  /** When it stops working, in milliseconds since 1970. */
  readonly expiresAt: number;
}
