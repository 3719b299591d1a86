/**
 * The server on node:http: judges each request by its head alone, and only an admitted one becomes a fetch-style request.
 * The one file that opens a port; loaded when `listen` is called.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SallyportError } from "@sallyport/auth-core";
import { internalError } from "../gate/answers.ts";
import type { AdmissionDesk } from "./admission.ts";
import type { AdmittedCall, Served } from "./admitted-call.ts";
import { isClosing, sendAnswer, sendResponse } from "./answer-node.ts";
import { ClientGone, readNodeBody } from "./body.ts";
import { RunningCalls } from "./running-calls.ts";

/** Options of `listen`. */
export interface ListenOptions {
  /** Address to listen on. Default `127.0.0.1`: this machine only. */
  readonly host?: string;
  /** How long `close()` waits for running calls, in milliseconds. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

/** A listening server. */
export interface Listening {
  /** The MCP endpoint: `http://127.0.0.1:8000/mcp`. */
  readonly url: string;
  readonly port: number;
  /** Take no new connections, let running calls finish within the bound, then end what is left. Calling it again waits too. */
  close(): Promise<void>;
}

/** What the server does with requests. */
export interface Application {
  readonly desk: AdmissionDesk;
  readonly maxBodyBytes: number;
  serve(call: AdmittedCall): Promise<Served>;
  readonly onError: (error: unknown) => void;
}

/** @throws SallyportError (`port_unavailable`) when the port cannot be had. */
export async function listen(app: Application, port: number, options: ListenOptions = {}): Promise<Listening> {
  const { host = "127.0.0.1", closeTimeoutMs = 5_000 } = options;
  const server = createServer();
  const address = await bind(server, port, host);
  const running = new RunningCalls(server);
  const origin = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  const onRequest = (request: IncomingMessage, response: ServerResponse, begin = (): void => {}): void => {
    handle(app, running, request, response, { origin, loopback: isLoopback(address.address), begin }).catch((error) => {
      if (error instanceof ClientGone) return;
      app.onError(error);
      if (response.headersSent) response.destroy();
      else sendAnswer(request, response, internalError);
    });
  };
  server.on("request", (request, response) => onRequest(request, response));
  // The client asks before it sends its body: it is told to go on once it has been admitted (RFC 9110 §10.1.1).
  server.on("checkContinue", (request, response) => onRequest(request, response, () => response.writeContinue()));
  server.on("clientError", (error, socket: Socket) => refuseUnparsable(error, socket, running));
  // Out of file descriptors, for one: the server lives on.
  server.on("error", app.onError);

  let closed: Promise<void> | undefined;
  return {
    url: `${origin.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")}${app.desk.path}`,
    port: address.port,
    close: () => {
      closed ??= close(server, running, closeTimeoutMs);
      return closed;
    },
  };
}

interface Connection {
  readonly origin: string;
  readonly loopback: boolean;
  /** Called when the body is wanted. */
  begin(): void;
}

async function handle(
  app: Application,
  running: RunningCalls,
  request: IncomingMessage,
  response: ServerResponse,
  { origin, loopback, begin }: Connection,
): Promise<void> {
  if (isClosing(request.socket)) return;
  const controller = running.begin(request, response);
  const { method = "", url: target = "", rawHeaders: headers } = request;
  const host = request.headers.host;
  const head = { method, target, headers, remoteAddress: request.socket.remoteAddress };
  const admission = await app.desk.admit(head, { host, loopback });
  if ("answer" in admission) return sendAnswer(request, response, admission.answer);

  const { response: result, endless } = await app.serve({
    head,
    url: requestUrl(target, host, origin),
    method,
    headers: toHeaders(headers),
    signal: controller.signal,
    token: admission.token,
    readBody: () => {
      begin();
      return readNodeBody(request, app.maxBodyBytes);
    },
  });
  if (endless) running.markEndless(response, controller);
  await sendResponse(request, response, result, admission.cors);
}

function bind(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === "EADDRINUSE" ? "another program is listening there" : (cause.code ?? "unknown reason");
      reject(
        new SallyportError(
          "port_unavailable",
          `Cannot listen on ${host} port ${port}: ${why}. Stop what uses it, or pass another port; 0 takes a free one.`,
          { cause },
        ),
      );
    };
    server.once("error", fail).listen(port, host, () => {
      server.off("error", fail);
      resolve(server.address() as AddressInfo);
    });
  });
}

async function close(server: Server, running: RunningCalls, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    running.close();
  });
  clearTimeout(timer);
}

// Not HTTP, or too much of it: the parser has given up, so the answer is written by hand and the connection ends.
function refuseUnparsable(error: NodeJS.ErrnoException, socket: Socket, running: RunningCalls): void {
  // Written into another answer it would be taken for a part of it.
  if (!socket.writable || error.code === "ECONNRESET" || running.isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const status = unparsable[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

const unparsable: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

// The path has been matched as it was received; the host is what the client claims, and only informs the handler.
function requestUrl(target: string, host: string | undefined, origin: string): string {
  const claimed = `http://${host}${target}`;
  return host !== undefined && /^[\w.:[\]-]+$/.test(host) && URL.canParse(claimed) ? claimed : `${origin}${target}`;
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
