/**
 * Carries a handler of web `Request`s on Node's HTTP server.
 */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import type { RecordedRequest } from "./listen.ts";

/** Answer with what `handler` makes of the request; its signal aborts when the client hangs up. */
export async function answerWith(
  handler: (request: Request) => Promise<Response>,
  request: RecordedRequest,
  response: ServerResponse,
): Promise<void> {
  const hungUp = new AbortController();
  response.once("close", () => hungUp.abort());
  const { status, headers, body } = await handler(
    new Request(new URL(request.url, `http://${request.headers.host}`), {
      method: request.method,
      headers: request.rawHeaders.map(([name, value]): [string, string] => [name, value]),
      body: request.body === "" ? null : request.body,
      signal: hungUp.signal,
    }),
  );
  response.writeHead(status, Object.fromEntries(headers));
  response.flushHeaders();
  if (body === null) response.end();
  // A client that hangs up half way is not an error of the server.
  else await pipeline(Readable.fromWeb(body as ReadableStream), response).catch(() => {});
}
