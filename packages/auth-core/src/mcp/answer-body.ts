/**
 * The body of an answer, watched to its end and held to a size. When the event stream that answers a request breaks off, both SDKs leave the
 * caller waiting until the time is over; here the caller learns of it at once, unless the server said how to resume
 * (MCP Streamable HTTP, resumability).
 */
import { SallyportError } from "../errors.ts";

/** The largest message that is taken, in bytes of a JSON body or between two events: no server may fill the memory. */
const maxMessageBytes = 64 * 1024 * 1024;

/** The message of the JSON-RPC error that stands in for an answer that never came. */
export const brokeOff = "The stream broke off before the answer came";

/**
 * The same response, watched.
 *
 * @param where - the server as messages name it.
 * @param request - id of the request that an event stream answers; undefined for everything else.
 * @param onEnd - called once when the body has ended, broken off, or been cancelled, or when there is none.
 */
export function watchBody(
  response: Response,
  where: string,
  request: string | number | undefined,
  onEnd: () => void,
): Response {
  if (response.body === null) {
    onEnd();
    return response;
  }
  const reader = response.body.getReader();
  let resumable = false;
  let lineStart = "\n";
  let messageBytes = 0;
  const isStream = isEventStream(response);

  // An event with an id can be asked for again: then the SDK resumes, and the answer may still come.
  const lookAtEvents = (chunk: Uint8Array): void => {
    const text = lineStart + new TextDecoder("latin1").decode(chunk);
    if (request !== undefined) resumable ||= /[\r\n]id:/.test(text);
    lineStart = text.slice(-3);
    // An event ends with an empty line; where exactly in the chunk does not matter for a bound of this size.
    if (/\n\r?\n|\r\r/.test(text)) messageBytes = 0;
  };
  const needsStandIn = (): boolean => isStream && typeof request === "number" && !resumable;

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            if (isStream) lookAtEvents(value);
            messageBytes += value.byteLength;
            if (messageBytes <= maxMessageBytes) return controller.enqueue(value);
            void reader.cancel().catch(() => {});
            // Asked for again it would be as large.
            resumable = false;
            if (!needsStandIn()) throw tooLarge(where);
            controller.enqueue(standIn(Number(request), tooLarge(where).message));
            onEnd();
            return controller.close();
          }
        } catch (error) {
          if (!needsStandIn()) {
            onEnd();
            return controller.error(error);
          }
        }
        onEnd();
        if (needsStandIn()) controller.enqueue(standIn(Number(request), brokeOff));
        controller.close();
      },
      cancel(reason) {
        onEnd();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
}

/** When the answer did come, this is one more response to a request that is settled, which SDKs ignore. */
function standIn(id: number, message: string): Uint8Array {
  const data = JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_603, message } });
  return new TextEncoder().encode(`\n\nevent: message\ndata: ${data}\n\n`);
}

function tooLarge(where: string): SallyportError<"request_failed"> {
  const mebibytes = maxMessageBytes / 1024 / 1024;
  return new SallyportError(
    "request_failed",
    `${where} sent a message of more than ${mebibytes} MiB. It was not read.`,
  );
}

/** Whether an answer is a stream of events. */
export function isEventStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") === true;
}
