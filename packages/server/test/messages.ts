/**
 * JSON-RPC messages of both protocol eras, as clients write them, and the fetch-style requests that carry them.
 */
export type Era = "2025" | "2026";
export const eras: readonly Era[] = ["2025", "2026"];

export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function callTool(era: Era, name: string, args: Record<string, unknown> = {}): Message {
  return message(era, "tools/call", { name, arguments: args }, { "Mcp-Name": name });
}

export function listTools(era: Era): Message {
  return message(era, "tools/list", {}, {});
}

function message(
  era: Era,
  method: string,
  params: Record<string, unknown>,
  names: Readonly<Record<string, string>>,
): Message {
  const modern = era === "2026";
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return {
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": modern ? "2026-07-28" : "2025-11-25",
      ...(modern && { "Mcp-Method": method, ...names }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, ...(modern && { _meta: meta }) } }),
  };
}

export function post(url: string, { headers, body }: Message, token?: string): Request {
  return new Request(url, {
    method: "POST",
    headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
    body,
  });
}

/** The JSON-RPC message of a response, from its JSON or its one event. */
export async function rpc(
  response: Response,
): Promise<{ result?: Record<string, unknown>; error?: { code: number; message: string } }> {
  const text = await response.text();
  const event = /^data: (\{.*\})$/m.exec(text);
  return JSON.parse(event?.[1] ?? text);
}

/** The text of a tool's result. */
export async function textOf(response: Response): Promise<string> {
  const { result, error } = await rpc(response);
  const [first] = (result?.["content"] ?? []) as { text?: string }[];
  return first?.text ?? `no text: ${JSON.stringify(error)}`;
}
