/**
 * A real HTTP server on 127.0.0.1 and a free port that records what it is sent. Every other server of the testkit
 * stands on it.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** Names in lower case; of a repeated header, what Node makes of it. */
  readonly headers: IncomingHttpHeaders;
  /** Every header line in order, names as sent. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Whether the client hung up before its answer was complete. */
  readonly abandoned: boolean;
}

/** Answers one request; `incoming` is Node's own, its body already read. */
export type Handler = (
  request: RecordedRequest,
  response: ServerResponse,
  incoming: IncomingMessage,
) => void | Promise<void>;

/** A server that runs until it is closed. */
export interface RunningServer {
  /** Where it answers, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Stop listening and drop every open socket. */
  close(): Promise<void>;
}

/**
 * Start a server.
 *
 * @param handler - answers each request; when it throws the answer is 500 with the message.
 * @param path - added to `url`, for servers that answer at one path.
 * @param tls - makes it an https server.
 */
export async function listen(handler: Handler, path = "", tls?: TlsOptions): Promise<RunningServer> {
  const requests: RecordedRequest[] = [];
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const body = await readBody(incoming);
      const request = record(incoming, response, body);
      requests.push(request);
      await handler(request, response, incoming);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(String(error));
    }
  };
  const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closing;
  };
  const scheme = tls === undefined ? "http" : "https";
  return { url: `${scheme}://127.0.0.1:${port}${path}`, port, requests, close };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function record(incoming: IncomingMessage, response: ServerResponse, body: string): RecordedRequest {
  const lines = incoming.rawHeaders;
  const request = {
    method: incoming.method ?? "",
    url: incoming.url ?? "",
    headers: incoming.headers,
    rawHeaders: lines.flatMap((name, index) => (index % 2 === 0 ? [[name, lines[index + 1] ?? ""] as const] : [])),
    body,
    abandoned: false,
  };
  response.once("close", () => {
    request.abandoned = !response.writableFinished;
  });
  return request;
}
