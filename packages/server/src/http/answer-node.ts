/**
 * Sends answers over node:http, and ends the connection well when the request's body is still on its way: the answer goes
 * out at once, and hardly anything more is read. RFC 9110 §10.1.1 (Expect), RFC 9112 §9.3 and §9.6 (closing).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Answer } from "../gate/answers.ts";

/** A body of at most this many bytes is read and thrown away, so that the connection can be used again. */
const smallBody = 65_536;
/** What is read of a larger one after the answer: enough for a client that looks at the answer only between writes. */
const drainBytes = 262_144;
/** How long the client has to read the answer before the connection is torn down, in milliseconds. */
const drainMs = 2_000;

const closing: WeakSet<Socket> = new WeakSet();

/** Whether the connection is being closed. No further request on it may be served, even if it has arrived. */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket);
}

/** Send an answer that is known in full. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  leaveBody(request, response);
  response.writeHead(answer.status, { ...answer.headers, "Content-Length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

/** Send a `Response`: each piece as it comes, at the client's pace. Settles when it is sent or the client has gone. */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  source: Response,
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  if (response.destroyed) return source.body?.cancel();
  leaveBody(request, response);
  // The SDK writes `Connection: keep-alive`; the connection is not the handler's to speak for (RFC 9110 §7.6.1).
  const { connection: _, ...headers } = Object.fromEntries(source.headers);
  response.writeHead(source.status, { ...headers, ...extra });
  if (source.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  // The client has gone, or the stream broke after the status was sent: either way there is nobody left to tell.
  await pipeline(Readable.fromWeb(source.body as never), response).catch(() => response.destroy());
}

/** Before an answer goes out: if the request's body is not worth waiting for, make this answer the connection's last. */
function leaveBody(request: IncomingMessage, response: ServerResponse): void {
  const { headers, socket } = request;
  if (request.complete || (bodyLength(request) <= smallBody && headers.expect === undefined)) return;
  response.setHeader("Connection", "close");
  closing.add(socket);
  // Node would now read the whole body to throw it away, then close at once, and the reset that follows can reach the
  // client before the answer does. Reading a little ourselves prevents the first; `destroySoon` is where it does the second.
  let drained = 0;
  request.on("data", (chunk: Uint8Array) => {
    drained += chunk.byteLength;
    if (drained > drainBytes) request.pause();
  });
  request.resume();
  socket.destroySoon = () => linger(request, socket);
}

/** Close our half, and the connection when the body has ended or the client has had its time. */
function linger(request: IncomingMessage, socket: Socket): void {
  const destroy = (): void => {
    socket.destroy();
  };
  const timer = setTimeout(destroy, drainMs);
  socket.once("close", () => clearTimeout(timer));
  socket.end(() => {
    if (request.readableEnded) destroy();
    else request.once("end", destroy);
  });
}

function bodyLength({ headers }: IncomingMessage): number {
  return headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : Number.POSITIVE_INFINITY;
}
