/**
 * What can go wrong between a session and its server, as errors that callers and the session tell apart, and the
 * judgement that turns an SDK's error into one of them.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import { brokeOff } from "./answer-body.ts";
import type { McpSdk } from "./sdk.ts";
import type { SentCredentials } from "./sent-credentials.ts";

/**
 * The server answered a request with a JSON-RPC error (`rpcCode`, `data`), or the SDK could not use the answer
 * (`rpcCode` is undefined). A tool that ran and failed is no error: its result has `isError`.
 *
 * @example
 * ```ts
 * import { isSallyportError } from "@sallyport/auth-core";
 * import { McpRequestError, type Session } from "@sallyport/auth-core/mcp";
 *
 * declare const session: Session;
 * try {
 *   await session.callTool("no-such-tool");
 * } catch (error) {
 *   if (isSallyportError(error) && error instanceof McpRequestError) console.error(error.rpcCode); // -32602
 * }
 * ```
 */
export class McpRequestError extends SallyportError<"request_failed"> {
  /** JSON-RPC error code, such as -32602 for invalid parameters or an unknown tool. */
  readonly rpcCode: number | undefined;
  /** What the server sent along, as it came. Not enumerable: it is foreign and can be large. */
  declare readonly data: unknown;

  constructor(message: string, details: { rpcCode?: number; data?: unknown; cause?: unknown } = {}) {
    super("request_failed", message, { cause: details.cause });
    this.rpcCode = details.rpcCode;
    Object.defineProperty(this, "data", { value: details.data });
  }

  override get name(): string {
    return "McpRequestError";
  }
}

/** An HTTP answer that is not MCP. */
export class HttpFailure extends SallyportError<"connect_failed"> {
  readonly status: number;
  /** Whether the body was a JSON-RPC error: then something that speaks MCP has answered (HDR-06). */
  readonly fromMcp: boolean;

  constructor(status: number, message: string, fromMcp = false) {
    super("connect_failed", message);
    this.status = status;
    this.fromMcp = fromMcp;
  }
}

/** The server no longer knows the session (SES-04). */
export class SessionLost extends SallyportError<"session_closed"> {
  constructor(where: string) {
    super("session_closed", `${where} does not keep its sessions: it forgot a new one at once (HTTP 404).`);
  }
}

/** The network failed: no answer came. A TypeError as `fetch` throws it, because the SDKs look for that in browsers. */
export class NetworkFailure extends TypeError {
  constructor(cause: unknown) {
    super("No answer", { cause });
  }
}

export function sessionClosed(where: string): SallyportError {
  return new SallyportError("session_closed", `The session with ${where} is closed. Create another one.`);
}

export function connectionLost(where: string, cause?: unknown): SallyportError {
  const message = `The connection to ${where} ended before the answer came. The next call connects again.`;
  return new SallyportError("connect_failed", message, { cause });
}

export function connectTimeout(where: string, milliseconds: number): SallyportError {
  const advice = "Check that it is an MCP server, or raise timeoutMs";
  return new SallyportError("connect_failed", `No connection to ${where} within ${milliseconds} ms. ${advice}.`);
}

export function requestTimeout(where: string, what: string, milliseconds: number): SallyportError {
  const message = `No answer from ${where} to ${what} within ${milliseconds} ms. Raise timeoutMs if it needs longer.`;
  return new SallyportError("request_timeout", message);
}

/** Errors that came out of the authenticated fetch, and reach the caller as they are. */
export type ThrownByFetch = WeakSet<object>;

/** What an error says about the request it belongs to, and how its message begins. */
export interface FailureContext {
  /** The server as messages name it. */
  readonly where: string;
  readonly sdk: McpSdk;
  readonly thrownByFetch: ThrownByFetch;
  readonly sent: SentCredentials;
}

/** The error to show for a failed attempt to connect. */
export function connectFailure(error: unknown, context: FailureContext): unknown {
  const known = knownFailure(error, context);
  if (known !== undefined) return known;
  const rpc = context.sdk.rpcError(error);
  if (rpc === undefined && isNotMcp(error)) {
    const message = `${context.where} gave an answer that is no MCP message. Check that the URL is the MCP endpoint.`;
    return new SallyportError("connect_failed", message);
  }
  const text = context.sent.quote(rpc?.message ?? textOf(error));
  const said = rpc === undefined ? text : `${rpc.code} ${text}`;
  return new SallyportError("connect_failed", `Cannot connect to ${context.where}: ${said}.`, causeOf(error, context));
}

/** The error to show for a failed request over a connection. */
export function requestFailure(error: unknown, what: string, context: FailureContext): unknown {
  const known = knownFailure(error, context);
  if (known !== undefined) return known;
  const rpc = context.sdk.rpcError(error);
  if (rpc?.message === brokeOff) {
    const message = `The answer of ${context.where} to ${what} broke off. It may have run; try again if that does no harm.`;
    return new SallyportError("connect_failed", message, causeOf(error, context));
  }
  if (rpc !== undefined) {
    const message = `Error ${rpc.code} from ${context.where} to ${what}: ${context.sent.quote(rpc.message)}`;
    const cause = causeOf(error, context);
    return new McpRequestError(message, { rpcCode: rpc.code, ...("cause" in cause && { data: rpc.data }), ...cause });
  }
  if (isNotMcp(error)) {
    return new McpRequestError(`The answer of ${context.where} to ${what} is no MCP message.`);
  }
  const message = `No usable answer from ${context.where} to ${what}: ${context.sent.quote(textOf(error))}`;
  return new McpRequestError(message, causeOf(error, context));
}

/** JSON-RPC codes of servers that do not speak the protocol they were remembered for; nothing has run then. */
const eraCodes: ReadonlySet<number> = new Set([-32_000, -32_001, -32_022, -32_600, -32_601]);

/** Whether a failure may come from a remembered protocol that the server does not speak (any more). */
export function isStaleVerdict(error: unknown): boolean {
  if (error instanceof HttpFailure) return error.status >= 400 && error.status < 500;
  return error instanceof McpRequestError && error.rpcCode !== undefined && eraCodes.has(error.rpcCode);
}

/** Our own error, or one of the authenticated fetch, wherever an SDK has wrapped it. */
function knownFailure(error: unknown, context: FailureContext): unknown {
  for (const link of causes(error)) {
    if (isSallyportError(link) || context.thrownByFetch.has(link)) return link;
    if (link instanceof NetworkFailure) return networkFailure(link, context);
  }
  return undefined;
}

/** The error and what caused it; a chain that goes on for ever is cut. */
function* causes(error: unknown): Generator<object> {
  let link = error;
  for (let depth = 0; depth < 10 && typeof link === "object" && link !== null; depth++) {
    yield link;
    link = (link as { cause?: unknown }).cause;
  }
}

const networkReasons: readonly (readonly [code: RegExp, text: string])[] = [
  [/^ECONNREFUSED$/, "nothing listens there. Check that the server runs, and the port"],
  [/^(ENOTFOUND|EAI_)/, "the host name is not known. Check its spelling and the network"],
  [/^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO)/, "its TLS certificate or handshake is not accepted"],
  [
    /^(HPE_|HTTPParserError|UND_ERR_HEADERS_OVERFLOW)/,
    "what answers there does not speak HTTP as it should. Check the port",
  ],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, "the connection broke off. Try again"],
  [/TIMEOUT|ETIMEDOUT/, "it does not answer in time. Check the network, or that a proxy is needed"],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, "there is no route to it. Check the network"],
];

function networkFailure(failure: NetworkFailure, context: FailureContext): SallyportError {
  const { where, sent } = context;
  // Node 24 knows the parser's error by its name alone.
  const codes = [...causes(failure)].map((link) => {
    const { code, name } = link as { code?: unknown; name?: unknown };
    return String(code ?? name);
  });
  for (const code of codes) {
    const reason = networkReasons.find(([pattern]) => pattern.test(code));
    if (reason === undefined) continue;
    return new SallyportError(
      "connect_failed",
      `Cannot reach ${where}: ${reason[1]} (${code}).`,
      causeOf(failure, context),
    );
  }
  // Node tells why in a cause. Browsers do not, on purpose: the page may not learn what the network looks like.
  const why = failure.cause instanceof Error ? failure.cause.cause : undefined;
  const said =
    why instanceof Error
      ? sent.quote(why.message)
      : `${sent.quote(textOf(failure.cause))}. In a browser this can also mean that the server does not allow this origin (CORS)`;
  return new SallyportError("connect_failed", `Cannot reach ${where}: ${said}.`, causeOf(failure, context));
}

/** Whether the SDK could not make sense of an answer. What its parsers say quotes the answer, and is not shown. */
function isNotMcp(error: unknown): boolean {
  for (const link of causes(error)) {
    const { name, message } = link as { name?: unknown; message?: unknown };
    if (name === "SyntaxError" || name === "ZodError" || name === "$ZodError") return true;
    if (typeof message === "string" && /\[\s*\{\s*"(?:code|expected)":/.test(message)) return true;
  }
  return false;
}

/** An error as a cause, unless whoever prints it would see a credential that the server has sent back. */
function causeOf(error: unknown, { sent }: FailureContext): { cause?: unknown } {
  return sent.shows(error) ? {} : { cause: error };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
