/**
 * What discovery has tried, for the error when it fails and for those who follow it.
 */
import { emit } from "../../emit.ts";
import { isSallyportError, isSecurityRefusal, quoteForeign, SallyportError } from "../../errors.ts";
import { type AuthEventListener, maskUrl } from "../../events.ts";
import { type GuardedFetch, ranOutOfTime } from "../../http/guarded-fetch.ts";

/** What discovery asks with. */
export interface DiscoveryContext {
  readonly fetch: GuardedFetch;
  readonly signal?: AbortSignal;
  readonly onEvent?: AuthEventListener;
}

// A metadata document may list any number of authorization servers.
const mostAttempts = 24;

/** The URLs tried, each with its result. */
export class Attempts {
  readonly #context: DiscoveryContext;
  readonly #results: string[] = [];

  constructor(context: DiscoveryContext) {
    this.#context = context;
  }

  /**
   * Ask one URL for a JSON document and judge it.
   *
   * @param judge - returns what the document says; a text says why it is of no use.
   * @returns `undefined` when there is nothing of use (ASM-09).
   * @throws SallyportError that protect the caller, and the reason of the signal.
   */
  async ask<T extends object>(url: string, judge: (response: Response) => Promise<T | string>): Promise<T | undefined> {
    if (this.#results.length >= mostAttempts) return undefined;
    let status: number | undefined;
    try {
      const response = await this.#get(url);
      status = response.status;
      const found = status === 200 ? await judge(response) : `answered with ${status}`;
      if (typeof found !== "string") {
        this.#tell(url, "used", status);
        return found;
      }
      this.#note(url, found, status);
      return undefined;
    } catch (error) {
      if (isSecurityRefusal(error)) {
        this.#tell(url, "refused", status, error.message);
        throw error;
      }
      if (!isSallyportError(error)) throw error;
      this.#note(url, error.message, status);
      return undefined;
    }
  }

  /** The error when nothing was found. */
  failure(what: string, advice: string): SallyportError<"discovery_failed"> {
    const tried = this.#results.length === 0 ? "" : `\n${this.#results.map((result) => `- ${result}`).join("\n")}`;
    return new SallyportError("discovery_failed", `${what} ${advice}${tried}`);
  }

  /** A server that could not answer is asked twice, unless that has taken all its time. */
  async #get(url: string): Promise<Response> {
    const { fetch, signal } = this.#context;
    const send = (): Promise<Response> =>
      fetch(url, { headers: { accept: "application/json" }, ...(signal && { signal }) });
    const first = await send().catch((error) => {
      if (!isSallyportError(error) || isSecurityRefusal(error) || ranOutOfTime(error)) throw error;
      return undefined;
    });
    return first === undefined || first.status >= 500 ? send() : first;
  }

  #note(url: string, reason: string, status: number | undefined): void {
    const place = shown(url);
    // What names the place itself need not name it twice; after a redirect it is another one.
    const said = reason.startsWith(`${place} `) ? reason.slice(place.length + 1) : reason;
    this.#results.push(`${place}: ${said.length > 300 ? `${said.slice(0, 300)}…` : said}`);
    this.#tell(url, "skipped", status, reason);
  }

  #tell(url: string, result: "used" | "skipped" | "refused", status?: number, reason?: string): void {
    emit(this.#context.onEvent, {
      type: "discovery",
      url: shown(url),
      result,
      ...(status === undefined ? {} : { status }),
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

/** A stranger may have named it: without what its query says, and bounded. */
function shown(url: string): string {
  const text = URL.canParse(url) ? maskUrl(new URL(url)) : quoteForeign(url);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
