/**
 * The `fetch` that an SDK's transport gets: the authenticated fetch, with every answer judged, and with requests that
 * end when their caller gives up, which the SDKs do not do for the 2025 protocols.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import { follow } from "../follow.ts";
import { isEventStream, watchBody } from "./answer-body.ts";
import { NetworkFailure, type ThrownByFetch } from "./failures.ts";
import { type Asked, judgeAnswer } from "./http-answer.ts";
import type { ConnectionFetch } from "./sdk.ts";
import type { SentCredentials } from "./sent-credentials.ts";

export interface ConnectionFetchOptions {
  readonly where: string;
  readonly transport: "http" | "sse";
  readonly credentialGiven: () => boolean;
  /** The authenticated fetch. */
  readonly fetch: ConnectionFetch;
  readonly thrownByFetch: ThrownByFetch;
  readonly sent: SentCredentials;
  /** Aborts every request that starts while it is unsettled: for the time of connecting. */
  readonly signal: AbortSignal;
  /** The stream of an HTTP+SSE connection broke off: the server has forgotten the connection. */
  readonly onStreamLost: () => void;
}

export interface JudgedFetch {
  readonly fetch: ConnectionFetch;
  /** The last error thrown: an EventSource keeps what its fetch threw to itself. */
  lastFailure(): unknown;
}

/** A `fetch` for one connection over one transport. */
export function judgedFetch(options: ConnectionFetchOptions): JudgedFetch {
  const { where, transport, credentialGiven, thrownByFetch } = options;
  // Requests whose answer is still coming, so that they can be given up.
  const running = new Map<string | number, AbortController>();
  let streams = 0;
  let failure: unknown;

  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const message = readMessage(init.body);
    const httpMethod = init.method?.toUpperCase() ?? "GET";
    if (transport === "sse" && httpMethod === "GET" && ++streams > 1) {
      // An EventSource opens its stream again by itself, but the server would take that for a new client.
      options.onStreamLost();
      throw new SallyportError("connect_failed", `The stream from ${where} broke off. The next call connects again.`);
    }
    const giveUp = new AbortController();
    const stops = [follow(giveUp, init.signal), follow(giveUp, options.signal)];
    if (message.id !== undefined) running.set(message.id, giveUp);
    const done = (): void => {
      for (const stop of stops) stop();
      if (message.id !== undefined) running.delete(message.id);
    };
    const asked: Asked = {
      where,
      transport,
      httpMethod,
      rpcMethod: message.method,
      rpcId: message.id,
      inSession: transport === "sse" ? httpMethod === "POST" : new Headers(init.headers).has("mcp-session-id"),
      credentialGiven: credentialGiven(),
      quote: (text, limit) => options.sent.quote(text, limit),
    };
    try {
      const response = await authenticated(input, { ...init, redirect: "follow", signal: giveUp.signal });
      const answer = await judgeAnswer(response, asked);
      if (transport === "sse" && httpMethod === "GET") return watchBody(answer, where, undefined, options.onStreamLost);
      return watchBody(answer, where, isEventStream(answer) ? message.id : undefined, done);
    } catch (error) {
      done();
      throw error;
    } finally {
      if (message.cancels !== undefined) running.get(message.cancels)?.abort();
    }
  };

  const authenticated: ConnectionFetch = async (input, init) => {
    try {
      return await options.fetch(input, init);
    } catch (error) {
      if (typeof error === "object" && error !== null && !isOfTheNetwork(error)) thrownByFetch.add(error);
      throw error;
    }
  };

  return {
    async fetch(input, init) {
      try {
        return await send(input, init);
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    lastFailure: () => failure,
  };
}

/** Marks what the network throws, so that it can be told from what an authentication scheme throws. */
export function markNetworkFailures(base: typeof fetch): typeof fetch {
  return async (input, init) => {
    try {
      return await base(input, init);
    } catch (error) {
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      // A fetch that knows what its failure means has said so.
      throw signal?.aborted || isSallyportError(error) ? error : new NetworkFailure(error);
    }
  };
}

function isOfTheNetwork(error: object): boolean {
  return error instanceof NetworkFailure || (error as { name?: unknown }).name === "AbortError";
}

interface Message {
  readonly method?: string;
  readonly id?: string | number;
  /** The id of the request that this message cancels. */
  readonly cancels?: string | number;
}

/** What is to be known of a JSON-RPC message; the SDKs send one per request, as a string. */
function readMessage(body: unknown): Message {
  if (typeof body !== "string") return {};
  const { method, id, params } = JSON.parse(body) as { method?: string; id?: string | number; params?: unknown };
  const cancels =
    method === "notifications/cancelled" ? (params as { requestId?: string | number }).requestId : undefined;
  return {
    ...(method === undefined ? {} : { method }),
    // A response to a request of the server has an id too, but is not answered.
    ...(id === undefined || method === undefined ? {} : { id }),
    ...(cancels === undefined ? {} : { cancels }),
  };
}
