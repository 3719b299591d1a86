/**
 * The `fetch` for URLs that a stranger has named: metadata and the endpoints in it. Refuses before it asks, and bounds what
 * comes back: SSR-01 to SSR-06.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { follow } from "../follow.ts";
import { type AddressClass, addressClass, isName } from "./addresses.ts";
import { bareCause } from "./bare-cause.ts";
import { checkUrl } from "./secure-url.ts";
import { urlName } from "./url-name.ts";

/** A `fetch` that judges where it goes. The response has its whole body in memory. */
export type GuardedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** What a {@link GuardedFetch} may do. */
export interface GuardedFetchOptions {
  /** Sends the requests. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch | undefined;
  /** URLs that the user has named: what is where one of them is may be asked, also on a private address. */
  readonly trusted: readonly (string | URL)[];
  /** Plain http beyond this machine is allowed. */
  readonly allowInsecure: boolean;
  /** The addresses of a host name. Without it a name is taken for what it says. */
  readonly resolveHost?: ((hostname: string, signal?: AbortSignal) => Promise<readonly string[]>) | undefined;
  /** Of one body, in bytes. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** For one exchange with its redirects and its body, in milliseconds. Default 15000. */
  readonly timeoutMs?: number | undefined;
}

const mostRedirects = 3;

type BoundedInit = RequestInit & { readonly signal: AbortSignal };

/**
 * A `fetch` for what strangers name.
 *
 * Rejects with `insecure_url` for plain http, other schemes and private addresses; `redirect_refused` for the redirect of
 * anything but a GET, and for too many; `discovery_failed` when no whole answer came within the bounds; the reason of the
 * signal.
 */
export function guardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const guard = new Guard(options);
  return (url, init = {}) => guard.exchange(url, init);
}

class Guard {
  readonly #options: GuardedFetchOptions;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: GuardedFetchOptions) {
    this.#options = options;
    this.#hosts = new Set(options.trusted.map((url) => new URL(url).hostname));
  }

  async exchange(url: string | URL, init: RequestInit): Promise<Response> {
    const { timeoutMs = 15_000 } = this.#options;
    const outer = init.signal ?? undefined;
    outer?.throwIfAborted();
    const own = new AbortController();
    const release = follow(own, outer);
    const timer = setTimeout(() => own.abort(late()), timeoutMs);
    let at = String(url);
    const ended = new Promise<never>((_, reject) => {
      own.signal.addEventListener("abort", () => reject(own.signal.reason), { once: true });
    });
    try {
      // Neither a `fetch` nor a look-up of one's own has to mind a signal.
      const work = this.#ask(at, { ...init, signal: own.signal }, (next) => {
        at = next;
      });
      return await Promise.race([work, ended]);
    } catch (error) {
      if (outer?.aborted) throw outer.reason;
      if (error instanceof SallyportError) throw error;
      const why = own.signal.aborted
        ? `gave no whole answer within ${timeoutMs} ms`
        : `could not be asked${detail(error)}`;
      const cause = own.signal.aborted ? own.signal.reason : bareCause(error);
      throw new SallyportError("discovery_failed", `${urlName(at, "The server")} ${why}.`, { cause });
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  async #ask(target: string, init: BoundedInit, onHop: (url: string) => void): Promise<Response> {
    const { maxBytes = 1024 * 1024 } = this.#options;
    let at = target;
    const response = await this.#follow(target, init, (next) => {
      at = next;
      onHop(next);
    });
    const body = await readWhole(response, at, maxBytes, init.signal);
    const { status, statusText, headers } = response;
    return new Response(isBodyless(status) ? null : body, { status, statusText, headers });
  }

  async #follow(start: string, init: BoundedInit, onHop: (url: string) => void): Promise<Response> {
    const method = init.method?.toUpperCase() ?? "GET";
    let [target, leg]: [string, RequestInit] = [start, init];
    for (let redirects = 0; ; redirects += 1) {
      const url = await this.#admit(target, init.signal);
      const send = this.#options.fetch ?? globalThis.fetch;
      const response = await send(url.href, {
        ...leg,
        redirect: "manual",
        credentials: "omit",
        ...(method === "GET" ? {} : { cache: "no-store" }),
      });
      if (response.type === "opaqueredirect") throw refused(url, "redirects, which a page cannot follow with care");
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || response.status === 304 || location === null)
        return response;
      void response.body?.cancel().catch(() => {});
      if (method !== "GET") throw refused(url, `redirects a ${method}, and what was sent belongs to nobody else`);
      if (redirects >= mostRedirects) throw refused(url, `redirects more than ${mostRedirects} times`);
      if (!URL.canParse(location, url.href)) throw refused(url, "redirects to something that is no URL");
      const next = new URL(location, url);
      if (next.origin !== url.origin) leg = { ...leg, headers: onlyAccept(leg.headers) };
      target = next.href;
      onHop(target);
    }
  }

  /** The URL, if it may be asked. */
  async #admit(target: string, signal: AbortSignal): Promise<URL> {
    const url = checkUrl(target, "The URL", this.#options);
    if (this.#hosts.has(url.hostname)) return url;
    const own = addressClass(url.hostname);
    const addresses = isName(url.hostname) ? await this.#resolve(url.hostname, signal) : [];
    const kinds = [own, ...addresses.map(addressClass)].filter((kind) => kind !== "public" && kind !== "name");
    if (kinds.length === 0) return url;
    const allowed = await this.#classesOfTrusted(signal);
    const refused = kinds.find((kind) => kind === "reserved" || kind === "link-local" || !allowed.has(kind));
    if (refused !== undefined) throw isPrivate(url, refused);
    return url;
  }

  #resolve(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#options.resolveHost?.(hostname, signal) ?? Promise.resolve([]);
  }

  /**
   * The classes of address that the user's own URLs are in: a server inside may name others inside. Whoever owns a public
   * name writes its addresses: one private address beside others opens nothing, and none opens this machine.
   */
  async #classesOfTrusted(signal: AbortSignal): Promise<ReadonlySet<AddressClass>> {
    const classes = new Set<AddressClass>();
    for (const host of this.#hosts) {
      classes.add(addressClass(host));
      const addresses = isName(host) ? await this.#resolve(host, signal) : [];
      if (addresses.length > 0 && addresses.every((each) => addressClass(each) === "private")) classes.add("private");
    }
    return classes;
  }
}

/** Whether a {@link GuardedFetch} has rejected for want of time: asking once more costs as much again. */
export function ranOutOfTime({ cause }: Error): boolean {
  return cause instanceof DOMException && cause.name === "TimeoutError";
}

function late(): DOMException {
  return new DOMException("The time is up.", "TimeoutError");
}

async function readWhole(
  response: Response,
  url: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const stop = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  const chunks: Uint8Array[] = [];
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    signal.throwIfAborted();
    if (done) return await joined(chunks);
    size += value.byteLength;
    if (size > maxBytes) {
      stop();
      throw new SallyportError(
        "discovery_failed",
        `${urlName(url, "The server")} answered with more than ${maxBytes} bytes.`,
      );
    }
    chunks.push(value);
  }
}

async function joined(chunks: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

function isBodyless(status: number): boolean {
  return status === 101 || status === 204 || status === 205 || status === 304;
}

/** What belongs to nobody in particular. */
function onlyAccept(headers: RequestInit["headers"]): Record<string, string> {
  const accept = new Headers(headers).get("accept");
  return accept === null ? {} : { accept };
}

function detail(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (typeof code === "string") return ` (${quoteForeign(code, 40)})`;
  // Browsers say nothing more (modelcontextprotocol/inspector#817).
  return error instanceof TypeError && cause === undefined
    ? ": there is no way to it, or it does not let this page read its answers (CORS)"
    : "";
}

function refused(url: URL, why: string): SallyportError<"redirect_refused"> {
  return new SallyportError("redirect_refused", `${url.origin}${url.pathname} ${why}. It was not followed.`);
}

function isPrivate(url: URL, kind: AddressClass): SallyportError<"insecure_url"> {
  return new SallyportError(
    "insecure_url",
    `${quoteForeign(url.host)} is a ${kind} address, and the MCP server is not on one: it may want this machine to ask what it cannot reach itself. It was not asked. If this is intended, name the authorization server with \`issuer\`.`,
  );
}
