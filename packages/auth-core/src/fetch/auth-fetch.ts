/**
 * The authenticated fetch: drives an `Auth` over `fetch`. Credentials go to one origin, bodies are replayed, redirects
 * are checked before they are followed, and what the last request answered is handed over unread. Design §4.
 */
import { SallyportError } from "../errors.ts";
import type { AuthEventListener } from "../events.ts";
import { type Auth, type AuthFunction, type HeadersFunction, isAuth } from "../schemes/auth.ts";
import { functionAuth } from "../schemes/function.ts";
import { headersOf } from "../schemes/header-auth.ts";
import { noAuth } from "../schemes/none.ts";
import type { SecretInput, SecretReader } from "../secrets/source.ts";
import { unlessAborted } from "./abort.ts";
import { type AuthFetch, readCall, signalOf } from "./call.ts";
import { Exchange } from "./exchange.ts";
import { staticHeaders } from "./static-headers.ts";

/** Options of {@link createAuthFetch}. */
export interface AuthFetchOptions {
  /** Sends the requests. Default: the global `fetch` at the time of the call. */
  readonly fetch?: AuthFetch | undefined;
  /** Headers of every request, each a text or a secret kept elsewhere; or a function that is asked for them each time. */
  readonly headers?: Readonly<Record<string, SecretInput>> | HeadersFunction | undefined;
  /** The origin the credentials belong to; of a longer URL the origin counts. Default: that of the first request. */
  readonly origin?: string | URL | undefined;
  /** Reads secrets in `headers` that are kept in a file, a variable or a command's output. */
  readonly secrets?: SecretReader | undefined;
  /** Called with what happens on the wire, redacted. */
  readonly onEvent?: AuthEventListener | undefined;
}

/**
 * Make a `fetch` that authenticates every request. Works as the `fetch` option of both MCP SDK lines' transports and of
 * anything else that takes a `fetch`.
 *
 * - Credentials, static headers included, go to one origin. A request to another one is refused before it is sent.
 * - A redirect within the origin is followed, at most ten times, and authenticated anew; 307, 308, 301 and 302 repeat
 *   method and body, 303 becomes a GET. A redirect to another origin is refused. `init.redirect` `"manual"` and `"error"`
 *   are left to the caller.
 * - A header may have one value. The caller's `init.headers`, `headers` and `auth` may agree, but not differ;
 *   protocol headers (`accept`, `content-type`, `mcp-protocol-version`, …) of the caller win over static ones.
 * - Bodies are replayed byte for byte. A stream is sent as it is read, and kept until the answer is there; the body of a
 *   `Request` object and a `FormData` are read into memory first.
 * - Errors of the network and the reason of an abort are passed on as they are.
 *
 * @param auth - how to authenticate; `undefined` sends no more than `headers`.
 * @returns rejects with `redirect_refused`, `config_conflict`, `credential_source_failed`, `unauthorized` when the scheme
 * does not come to an end within twenty requests, and with what the scheme throws.
 *
 * @example
 * ```ts
 * import { BearerAuth, createAuthFetch } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new BearerAuth("demo-token"), {
 *   origin: "http://127.0.0.1:8000",
 *   headers: { "X-Tenant": "t-1" },
 * });
 * const response = await fetch("http://127.0.0.1:8000/mcp");
 * ```
 */
export function createAuthFetch(auth: Auth | AuthFunction | undefined, options: AuthFetchOptions = {}): AuthFetch {
  const { fetch: send, secrets, onEvent } = options;
  const scheme = asAuth(auth);
  const authHeaders = headersOf(scheme);
  const headers = staticHeaders(options.headers ?? {}, secrets);
  const guarded = scheme !== noAuth || !headers.none;
  let home = options.origin === undefined ? undefined : originOf(options.origin);

  return async (input, init) => {
    const signal = signalOf(input, init);
    signal?.throwIfAborted();
    const reading = readCall(input, init);
    const call = reading instanceof Promise ? await unlessAborted(signal, reading) : reading;
    if (guarded) {
      home ??= call.url.origin;
      if (call.url.origin !== home) throw wrongOrigin(home, call.url.origin);
    }
    const setup = { auth: scheme, authHeaders, headers, guarded, send: send ?? globalThis.fetch, onEvent };
    return new Exchange(setup, call).run(call);
  };
}

function asAuth(auth: Auth | AuthFunction | undefined): Auth {
  if (auth === undefined) return noAuth;
  if (typeof auth === "function") return functionAuth(auth);
  if (isAuth(auth)) return auth;
  throw new SallyportError(
    "config_invalid",
    "createAuthFetch takes an object with an authFlow method, a function, or undefined. Make one from a parsed `auth` entry with createAuth.",
  );
}

function originOf(url: string | URL): string {
  const text = String(url);
  const origin = URL.canParse(text) ? new URL(text).origin : "null";
  if (origin !== "null") return origin;
  throw new SallyportError(
    "config_invalid",
    'The option `origin` of createAuthFetch is not an http or https URL, such as "https://api.example.com".',
  );
}

function wrongOrigin(home: string, asked: string): SallyportError {
  return new SallyportError(
    "redirect_refused",
    `A request to ${asked} was not sent: the credentials belong to ${home}. Use another fetch for ${asked}, or set the option \`origin\`.`,
  );
}
