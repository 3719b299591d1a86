/**
 * Answers that are known before a handler runs, as plain data: cheap to make, and the same on every kind of server.
 * On the MCP endpoint they have the JSON-RPC form that the SDK gives its own HTTP errors.
 */

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Any JSON. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/** A JSON-RPC error that belongs to no request (`id: null`). */
export function jsonRpcAnswer(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  code = -32_000,
): Answer {
  return jsonAnswer(status, { jsonrpc: "2.0", error: { code, message }, id: null }, headers);
}

/** Something of ours broke; what it was is the operator's business. */
export const internalError: Answer = jsonRpcAnswer(500, "Internal error");

/** The answer on runtimes that speak `Response`. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body === "" ? null : body, { status, headers: { ...headers } });
}
