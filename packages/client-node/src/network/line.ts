/**
 * Connections that share certificates and a proxy: an undici dispatcher and the `fetch` of the same undici. The global
 * `fetch` comes from another undici, and majors do not understand each other's dispatchers.
 */
import { Buffer } from "node:buffer";
import type { Dispatcher, Pool, RequestInit as UndiciRequestInit } from "undici";
import type { Certificates } from "./certificates.ts";
import { ProxyRefusal, ProxyUnreachable } from "./failures.ts";

type Undici = typeof import("undici");

/** What a line is made with. */
export interface LineSettings {
  /** Whether it leads to https servers. */
  readonly secure: boolean;
  readonly certificates: Certificates | undefined;
  readonly proxy:
    | { readonly url: string; readonly username: string | undefined; readonly password: string }
    | undefined;
}

/** Connections made with the same settings. */
export class Line {
  readonly #undici: Undici;
  readonly #settings: LineSettings;
  readonly #dispatcher: Dispatcher;
  /** Something suggests that the settings are out of date: they are to be read again before the next request. */
  stale = false;

  private constructor(undici: Undici, settings: LineSettings) {
    this.#undici = undici;
    this.#settings = settings;
    this.#dispatcher = dispatcherFor(undici, settings);
  }

  /** Imports undici, so that nobody pays for it who has neither certificates nor a proxy. */
  static async open(settings: LineSettings): Promise<Line> {
    return new Line(await import("undici"), settings);
  }

  /** Whether the settings are out of date, for all that is known. */
  get outdated(): boolean {
    return this.stale || (this.#settings.certificates?.expires ?? Number.POSITIVE_INFINITY) <= Date.now();
  }

  /** Whether a line made with these settings would be the same. */
  isMadeOf({ certificates, proxy }: LineSettings): boolean {
    const own = this.#settings;
    const sameCertificates = certificates?.equals(own.certificates) ?? own.certificates === undefined;
    return sameCertificates && proxy?.username === own.proxy?.username && proxy?.password === own.proxy?.password;
  }

  /** Send a request. The response is one of the platform's own class. */
  async send(url: URL, init: RequestInit): Promise<Response> {
    const response = await this.#undici.fetch(url, { ...(init as UndiciRequestInit), dispatcher: this.#dispatcher });
    const { status, statusText } = response;
    const own = new Response(response.body as ReadableStream | null, {
      status,
      statusText,
      headers: [...response.headers],
    });
    Object.defineProperties(own, { url: { value: response.url }, redirected: { value: response.redirected } });
    return own;
  }

  /** Let requests that are under way come to their end, and accept no others. */
  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  /** End every connection at once. */
  async destroy(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

// How long a request may take is for the session to say.
const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 } as const;

/** How long a proxy may take to connect, in milliseconds. */
const proxyTimeout = 30_000;

function dispatcherFor(undici: Undici, { secure, certificates, proxy }: LineSettings): Dispatcher {
  const { context: secureContext, servername } = certificates ?? {};
  const connect = {
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(servername === undefined ? {} : { servername }),
  };
  if (proxy === undefined) return new undici.Agent({ ...noTimeouts, connect });
  const authorization = proxy.username === undefined ? undefined : basic(proxy.username, proxy.password);
  if (!secure) return absoluteForm(undici, proxy.url, authorization);
  return new undici.ProxyAgent({
    ...noTimeouts,
    uri: proxy.url,
    ...(authorization === undefined ? {} : { token: authorization }),
    requestTls: connect,
    clientFactory: (origin, options) =>
      watchConnect(new undici.Pool(origin, { ...options, headersTimeout: proxyTimeout })),
  });
}

/**
 * Requests to http servers, sent to the proxy as they are (RFC 9112 §3.2.2): most proxies allow tunnels to port 443 alone.
 */
function absoluteForm(undici: Undici, proxy: string, authorization: string | undefined): Dispatcher {
  return new undici.Pool(proxy, noTimeouts).compose((dispatch) => (options, handler) => {
    const { origin, host } = new URL(String(options.origin));
    // undici's fetch gives its headers as an object.
    const headers: Record<string, string> = { ...(options.headers as Record<string, string>), host };
    if (authorization !== undefined) headers["proxy-authorization"] = authorization;
    const onward = { ...options, origin: proxy, path: `${origin}${options.path}`, headers };
    return dispatch(onward, watchAnswer(undici, handler));
  });
}

/** Tells the proxy's own 407 from an answer of the server; `fetch` would only say that it failed. */
function watchAnswer(undici: Undici, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  const watched: Dispatcher.DispatchHandler = new undici.DecoratorHandler(handler);
  const start = watched.onResponseStart?.bind(watched);
  watched.onResponseStart = (controller, status, ...rest) => {
    if (status === 407) controller.abort(new ProxyRefusal(status));
    else start?.(controller, status, ...rest);
  };
  return watched;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Tells what goes wrong on the way to the proxy from what goes wrong behind it. */
function watchConnect(pool: Pool): Pool {
  const connect = pool.connect.bind(pool) as (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
  const watched = async (options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const answer = await connect(options).catch((error: unknown) => {
      throw new ProxyUnreachable(error);
    });
    if (answer.statusCode === 200) return answer;
    answer.socket.on("error", () => {}).destroy();
    throw new ProxyRefusal(answer.statusCode);
  };
  return Object.assign(pool, { connect: watched });
}
