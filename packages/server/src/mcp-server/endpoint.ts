/**
 * The MCP endpoint behind the gate: reads the body once, asks what the called tools need, and hands the parsed body to the
 * SDK, which speaks both protocol eras. MCP Streamable HTTP; scopes per operation are CHL-09 to CHL-14.
 */
import { createMcpHandler, isJsonContentType, type McpHttpHandler, type McpServer } from "@modelcontextprotocol/server";
import { type Answer, jsonRpcAnswer, toResponse } from "../gate/answers.ts";
import type { RequestHead } from "../gate/extract.ts";
import type { Gate } from "../gate/gate.ts";
import type { AdmittedCall, Served } from "../http/admitted-call.ts";
import { authInfo } from "../token/auth-info.ts";
import { runWithAccessToken } from "../token/context.ts";
import type { Exchange } from "./tools.ts";

export interface EndpointOptions {
  /** Fills a fresh SDK server for one exchange. */
  readonly createServer: (exchange: Exchange) => McpServer;
  /** Scopes of a tool, by name. */
  readonly scopesOf: (tool: string) => readonly string[];
  readonly gate: Gate | undefined;
  readonly onError: (error: unknown) => void;
}

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #sdk: McpHttpHandler;
  // The request that the SDK was given leads its server back to the caller it works for: no ambient state involved.
  readonly #exchanges: WeakMap<Request, Exchange> = new WeakMap();

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#sdk = createMcpHandler(
      ({ requestInfo }) => {
        const exchange = requestInfo && this.#exchanges.get(requestInfo);
        // Never served as nobody in particular: nobody has no scopes to be held to.
        if (exchange === undefined) throw new Error("The SDK asked for a server for a request that was not admitted.");
        return options.createServer(exchange);
      },
      { onerror: options.onError },
    );
  }

  async serve(call: AdmittedCall): Promise<Served> {
    if (call.method !== "POST" || !isJsonContentType(call.headers.get("content-type"))) {
      return { response: await this.#dispatch(call, { token: call.token }, undefined), endless: false };
    }
    const reading = await call.readBody();
    if (reading.tooLarge) return { response: toResponse(bodyTooLarge), endless: false };
    const message = parse(reading.text);
    // The SDK never reads a body itself: it takes for JSON what this server does not (a byte order mark), unchecked.
    if (message === undefined) return { response: toResponse(notJson), endless: false };
    const refusal = this.#refuseScopes(call, message);
    if (refusal !== undefined) return { response: toResponse(refusal), endless: false };

    const exchange: Exchange = { token: call.token };
    const response = await this.#dispatch(call, exchange, message);
    return {
      response: isRequest(message, "tools/call") ? await this.#heedHandler(response, exchange, call.head) : response,
      endless: isRequest(message, "subscriptions/listen"),
    };
  }

  /** End everything that is running. */
  close(): Promise<void> {
    return this.#sdk.close();
  }

  // The names come from the body, which is what will be run; the Mcp-Name header is the client's word for it (HDR-05).
  #refuseScopes({ token, head }: AdmittedCall, message: unknown): Answer | undefined {
    if (token === undefined) return undefined;
    const messages = Array.isArray(message) ? message : [message];
    return this.#options.gate?.refuseScopes(
      token,
      messages.filter((each) => isRequest(each, "tools/call")).flatMap((each) => this.#scopesOfCall(each)),
      head,
    );
  }

  #scopesOfCall({ params }: JsonRpcRequest): readonly string[] {
    const name = (params as { name?: unknown } | null | undefined)?.name;
    return typeof name === "string" ? this.#options.scopesOf(name) : [];
  }

  #dispatch(call: AdmittedCall, exchange: Exchange, parsedBody: unknown): Promise<Response> {
    const { url, method, signal, token } = call;
    const headers = new Headers(call.headers);
    // Handlers get the verified token, never the header: a handler that logs or forwards its request gives nothing away.
    if (token !== undefined) headers.delete("authorization");
    const request = new Request(url, { method, headers, signal });
    this.#exchanges.set(request, exchange);
    return runWithAccessToken(token, () =>
      this.#sdk.fetch(request, {
        ...(parsedBody !== undefined && { parsedBody }),
        ...(token !== undefined && { authInfo: authInfo(token) }),
      }),
    );
  }

  // `requireScopes` in a handler: as long as nothing has been sent, the status can still say it (CHL-09, CHL-12).
  async #heedHandler(response: Response, exchange: Exchange, head: RequestHead): Promise<Response> {
    const { gate } = this.#options;
    if (gate === undefined) return response;
    const begun = await untilFirstChunk(response);
    const { refused } = exchange;
    if (refused === undefined) return begun;
    await begun.body?.cancel();
    return toResponse(
      refused.code === "insufficient_scope" && exchange.token !== undefined
        ? (gate.refuseScopes(exchange.token, refused.scopes, head) ??
            gate.answer({ reason: refused.code, scopes: refused.scopes }))
        : gate.answer({ reason: "invalid_token" }),
    );
  }
}

const bodyTooLarge = jsonRpcAnswer(413, "Request body too large");
const notJson = jsonRpcAnswer(400, "Parse error: Invalid JSON", {}, -32_700);

interface JsonRpcRequest {
  readonly method: string;
  readonly params?: unknown;
}

function isRequest(message: unknown, method: string): message is JsonRpcRequest {
  return typeof message === "object" && message !== null && (message as JsonRpcRequest).method === method;
}

/** `undefined`, which no JSON text means, when it is not JSON (RFC 8259 §8.1: without a byte order mark). */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same response, given back once its body has begun or ended. */
async function untilFirstChunk(response: Response): Promise<Response> {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await reader.read();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = first ?? (await reader.read());
      first = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, response);
}
