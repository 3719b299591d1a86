/**
 * Judges what an HTTP server answered to an MCP message, the same for both SDK lines: an SDK sees an answer it can
 * use, everything else becomes a typed error here. RFC 9110 §15 and §11.6.1, RFC 6750 §3, MCP Streamable HTTP.
 */
import { SallyportError } from "../errors.ts";
import { parseChallenges } from "../http/challenge.ts";
import { HttpFailure, SessionLost } from "./failures.ts";

/** The request that was answered. */
export interface Asked {
  /** The server as messages name it. */
  readonly where: string;
  readonly transport: "http" | "sse";
  readonly httpMethod: string;
  /** Of the JSON-RPC message, when there is one. */
  readonly rpcMethod: string | undefined;
  readonly rpcId: string | number | undefined;
  /** Whether the request belongs to a session that the server has to know. */
  readonly inSession: boolean;
  /** Whether a credential was configured. */
  readonly credentialGiven: boolean;
  /** Makes text of the server fit for a message. */
  readonly quote: (text: string, limit?: number) => string;
}

/** How much of a refusal's body is looked at, in bytes. */
const bodyLimit = 65_536;

/** The answer as the SDK may have it. Throws when it is no answer to an MCP client. */
export async function judgeAnswer(response: Response, asked: Asked): Promise<Response> {
  if (response.ok) return judgeSuccess(response, asked);
  // Ending a session is best effort, and a server without a stream of its own says 405 (Streamable HTTP).
  const tolerated = asked.httpMethod === "DELETE" || (asked.transport === "http" && isNoStream(response, asked));
  if (tolerated) return withoutBody(response);

  const refusal = authRefusal(response, asked) ?? busy(response, asked);
  if (refusal !== undefined) return discard(response, refusal);
  if (response.status === 404 && asked.inSession) return discard(response, new SessionLost(asked.where));

  const body = await readBounded(response);
  const rpc = parseRpcError(body);
  if (asked.transport === "http" && rpc !== undefined && rpc.id === asked.rpcId) {
    return new Response(body, { headers: { "content-type": "application/json" } });
  }
  // What a server says to the question for its protocol version is for the SDK to judge, as long as the server works.
  if (asked.rpcMethod === "server/discover" && response.status < 500) {
    return new Response(body, { status: response.status, headers: contentType(response) });
  }
  const said = rpc === undefined ? "" : `: ${rpc.code} ${asked.quote(rpc.message)}`;
  throw new HttpFailure(response.status, `${asked.where} ${meaning(response)}${said}.`, rpc !== undefined);
}

function judgeSuccess(response: Response, asked: Asked): Response {
  const expectsAnswer = asked.transport === "http" && asked.httpMethod === "POST" && asked.rpcId !== undefined;
  const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  const expectsStream = asked.httpMethod === "GET";
  if (expectsAnswer && type !== "application/json" && type !== "text/event-stream") throw notMcp(response, type, asked);
  if (expectsStream && type !== "text/event-stream") throw notMcp(response, type, asked);
  return response;
}

function notMcp(response: Response, type: string, asked: Asked): HttpFailure {
  void response.body?.cancel().catch(() => {});
  // As it was sent: in lower case a credential would not be known for what it is.
  const sent = response.headers.get("content-type") ?? "";
  const what = type === "" ? "without a content type" : `with ${asked.quote(sent, 60)}`;
  const advice = "Check that the URL is the MCP endpoint and not a web page";
  return new HttpFailure(response.status, `${asked.where} answered ${what}, which is not MCP. ${advice}.`);
}

function isNoStream(response: Response, asked: Asked): boolean {
  return asked.httpMethod === "GET" && response.status === 405;
}

/** 401 and 403 as errors (CHL-17). The scopes of the challenge are those of the current operation (CHL-07). */
function authRefusal(response: Response, asked: Asked): SallyportError | undefined {
  if (response.status !== 401 && response.status !== 403) return undefined;
  const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
  const challenge = challenges.find(({ params }) => params["error"] !== undefined) ?? challenges[0];
  const params = challenge?.params ?? {};
  // AWS has no challenge, but names what is wrong: ExpiredTokenException.
  const description = params["error_description"] ?? response.headers.get("x-amzn-errortype") ?? undefined;
  const said = description === undefined ? "" : ` The server says ${asked.quote(description)}.`;

  if (response.status === 403) {
    if (params["error"] !== "insufficient_scope") {
      return new SallyportError(
        "unauthorized",
        `${asked.where} does not allow this (HTTP 403). The credential lacks a permission, or the server does not accept this origin.${said}`,
      );
    }
    const scopes = params["scope"] === undefined ? "more scopes" : `scope ${asked.quote(params["scope"])}`;
    return new SallyportError(
      "insufficient_scope",
      `${asked.where} requires ${scopes} for this (HTTP 403). Use a credential that has it.${said}`,
    );
  }
  if (asked.credentialGiven || params["error"] === "invalid_token") {
    return new SallyportError(
      "unauthorized",
      `${asked.where} refused the credential (HTTP 401). Check that it is complete, not expired, and meant for this server.${said}`,
    );
  }
  // Only who asks for OAuth says where its metadata is (RFC 9728 §5.1).
  const isOAuth = challenges.some((each) => each.params["resource_metadata"] !== undefined);
  const needs = isOAuth ? "a sign-in, and there is nobody to ask" : "sign-in or a credential";
  const orElse = isOAuth ? ", or sign in where somebody can be asked and share the store" : "";
  return new SallyportError(
    "authorization_required",
    `${asked.where} requires ${needs} (HTTP 401). Set authToken, auth or headers for this server${orElse}.${said}`,
  );
}

function busy(response: Response, asked: Asked): SallyportError | undefined {
  if (response.status !== 503 && response.status !== 429) return undefined;
  const after = response.headers.get("retry-after");
  const advice = after === null ? "Try again later" : `It asks to try again after ${asked.quote(after, 40)}`;
  return new SallyportError(
    "temporarily_unavailable",
    `${asked.where} cannot answer now (HTTP ${response.status}). ${advice}.`,
  );
}

function meaning({ status }: Response): string {
  if (status === 404) return "has no MCP server at this path (HTTP 404). Check the URL's path";
  if (status === 405) return "does not accept MCP messages at this path (HTTP 405). Check the URL's path";
  if (status >= 300 && status < 400)
    return `redirected in a way that was not followed (HTTP ${status}). Use the target's URL`;
  if (status >= 500) return `failed (HTTP ${status}). Look at the server's log, or try again later`;
  return `did not accept the message (HTTP ${status})`;
}

/** A JSON-RPC error, and the id it answers. Nothing when the text is something else. */
function parseRpcError(text: string): { id: unknown; code: number; message: string } | undefined {
  try {
    const { jsonrpc, id, error } = JSON.parse(text) as Record<string, unknown>;
    if (jsonrpc !== "2.0" || typeof error !== "object" || error === null) return undefined;
    const { code, message } = error as Record<string, unknown>;
    return typeof code === "number" ? { id, code, message: String(message) } : undefined;
  } catch {
    return undefined;
  }
}

async function readBounded(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0; size < bodyLimit; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  void reader.cancel().catch(() => {});
  return text;
}

function contentType(response: Response): HeadersInit {
  const type = response.headers.get("content-type");
  return type === null ? {} : { "content-type": type };
}

function withoutBody(response: Response): Response {
  void response.body?.cancel().catch(() => {});
  return new Response(null, { status: response.status, statusText: response.statusText });
}

function discard(response: Response, error: SallyportError): never {
  void response.body?.cancel().catch(() => {});
  throw error;
}
