/**
 * The `fetch` of one server entry: its certificates and its proxy where there are any, the global `fetch` where there
 * are none, and in both cases failures of TLS in words.
 */
import { type HttpServerConfig, SallyportError, type SecretReader, type TlsConfig } from "@sallyport/auth-core";
import type { Environment } from "../environment.ts";
import { readSecret } from "../secrets/read-secret.ts";
import { Certificates } from "./certificates.ts";
import { type Ends, type Explained, explain } from "./failures.ts";
import { Line, type LineSettings } from "./line.ts";
import { proxyRoute } from "./proxy-route.ts";

export interface NetworkOptions {
  /** The server's name in the configuration, for messages. */
  readonly name: string | undefined;
  readonly secrets: SecretReader;
  /** Where proxies are named. */
  readonly env: Environment;
}

/** How a URL is reached. */
interface Route extends Ends {
  /** Of routes with one key, one line. */
  readonly key: string;
  readonly tls: TlsConfig | undefined;
}

/** What one request came to. */
type Outcome =
  | { readonly response: Response; readonly kind?: "refused" }
  | { readonly error: unknown; readonly kind?: Explained["kind"] };

/**
 * The network as one server entry sees it, for the time of one session.
 *
 * Certificates and passwords are read when they are first needed. They are read again when the other side refuses them
 * (an alert, 407), after a 401, and when the client certificate has expired; if they have changed, the request is sent
 * once more with the new ones. When a server hangs up without a word they are read again before the next request.
 */
export class Network {
  readonly #config: HttpServerConfig;
  readonly #options: NetworkOptions;
  readonly #home: string;
  readonly #current = new Map<string, Promise<Line>>();
  // With those that were replaced, and have requests under way.
  readonly #open = new Set<Line>();
  #closed = false;

  constructor(config: HttpServerConfig, options: NetworkOptions) {
    this.#config = config;
    this.#options = options;
    this.#home = new URL(config.url).origin;
  }

  /** Sends a request as the global `fetch` does. */
  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const route = this.#routeTo(url);
    if (route.tls === undefined && route.proxy === undefined) {
      return settle(await attempt(route, init?.signal, () => globalThis.fetch(input, init)));
    }
    const sent = forUndici(input, init);
    const line = await this.#line(route);
    const outcome = await attempt(route, sent.signal, () => line.send(url, sent));
    if (outcome.kind === "unclear") line.stale = true;
    if (outcome.kind !== "refused") return settle(outcome);

    const fresh = await this.#renew(route, line).catch(() => line);
    if (fresh === line || sent.body instanceof ReadableStream) return settle(outcome);
    if ("response" in outcome) outcome.response.body?.cancel().catch(() => {});
    return settle(await attempt(route, sent.signal, () => fresh.send(url, sent)));
  };

  /** End every connection. Nothing is sent afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#current.values());
    await Promise.allSettled([...this.#open].map((line) => line.destroy()));
    this.#open.clear();
    this.#current.clear();
  }

  #routeTo(url: URL): Route {
    const { name, env } = this.#options;
    const secure = url.protocol === "https:";
    const place = `${url.origin}${url.pathname}`;
    // A client certificate is a credential: it belongs to one origin.
    const tls = secure && url.origin === this.#home ? this.#config.tls : undefined;
    const proxy = proxyRoute(url, this.#config.proxy, env);
    return {
      key: `${url.protocol} ${tls === undefined ? "" : "tls "}${proxy?.url ?? ""}`,
      where: name === undefined ? place : `${JSON.stringify(name)} (${place})`,
      secure,
      certificate: tls?.cert !== undefined,
      ca: tls?.ca !== undefined,
      tls,
      proxy,
    };
  }

  async #line(route: Route): Promise<Line> {
    const line = await (this.#current.get(route.key) ?? this.#connect(route));
    return line.outdated ? this.#renew(route, line) : line;
  }

  /** The line to use after `old`: another one when what it was made of has changed. Read once for all who ask. */
  async #renew(route: Route, old: Line): Promise<Line> {
    const known = this.#current.get(route.key);
    const latest = await known;
    const current = this.#current.get(route.key);
    // Somebody else was faster, before this or meanwhile.
    if (current !== known && current !== undefined) return current;
    return latest === undefined || latest === old ? this.#connect(route, old) : latest;
  }

  #connect(route: Route, old?: Line): Promise<Line> {
    const line = this.#make(route, old);
    this.#current.set(route.key, line);
    // A failure is not remembered: the next request tries again.
    line.catch(() => {
      if (this.#current.get(route.key) === line) this.#current.delete(route.key);
    });
    return line;
  }

  async #make(route: Route, old: Line | undefined): Promise<Line> {
    if (this.#closed) throw new SallyportError("session_closed", `The session with ${route.where} is closed.`);
    const { secrets } = this.#options;
    const [certificates, password] = await Promise.all([
      route.tls && Certificates.read(route.tls, secrets, route.where),
      readPassword(route, secrets),
    ]);
    const { proxy } = route;
    const settings: LineSettings = {
      secure: route.secure,
      certificates,
      proxy: proxy && { url: proxy.url, username: proxy.username, password },
    };
    if (old?.isMadeOf(settings)) {
      old.stale = false;
      return old;
    }
    const line = await Line.open(settings);
    this.#open.add(line);
    if (old !== undefined)
      old.close().then(
        () => this.#open.delete(old),
        () => {},
      );
    return line;
  }
}

async function readPassword({ proxy, where }: Route, secrets: SecretReader): Promise<string> {
  if (proxy?.password === undefined) return "";
  try {
    return await readSecret(proxy.password, secrets);
  } catch (cause) {
    const reason = cause instanceof SallyportError ? cause.message : "The function that gives it failed.";
    throw new SallyportError("credential_source_failed", `No proxy.password for ${where}. ${reason}`, { cause });
  }
}

async function attempt(
  route: Route,
  signal: AbortSignal | null | undefined,
  send: () => Promise<Response>,
): Promise<Outcome> {
  try {
    const response = await send();
    return response.status === 401 && route.certificate ? { response, kind: "refused" } : { response };
  } catch (error) {
    // Who gives up is told their own reason.
    return (signal?.aborted ? undefined : explain(error, route)) ?? { error };
  }
}

function settle(outcome: Outcome): Response {
  if ("response" in outcome) return outcome.response;
  throw outcome.error;
}

/** undici knows its own `Request` and `FormData` alone: those of the platform go as what they come to. */
function forUndici(input: string | URL | Request, init: RequestInit = {}): RequestInit & { duplex?: "half" } {
  if (!(input instanceof Request) && !(init.body instanceof FormData)) return init;
  const request = new Request(input, init);
  const { method, headers, body, signal, redirect } = request;
  return { method, headers, body, signal, redirect, ...(body === null ? {} : { duplex: "half" }) };
}
