/**
 * The body of an answer, watched to its end. When the event stream that answers a request breaks off, both SDKs leave the
 * caller waiting until the time is over; here the caller learns of it at once, unless the server said how to resume
 * (MCP Streamable HTTP, resumability).
 */

/** The message of the JSON-RPC error that stands in for an answer that never came. */
export const brokeOff = "The stream broke off before the answer came";

/**
 * The same response, watched.
 *
 * @param request - id of the request that an event stream answers; undefined for everything else.
 * @param onEnd - called once when the body has ended, broken off, or been cancelled, or when there is none.
 */
export function watchBody(response: Response, request: string | number | undefined, onEnd: () => void): Response {
  if (response.body === null) {
    onEnd();
    return response;
  }
  const reader = response.body.getReader();
  let resumable = false;
  let lineStart = "\n";

  // An event with an id can be asked for again: then the SDK resumes, and the answer may still come.
  const lookForIds = (chunk: Uint8Array): void => {
    const text = lineStart + new TextDecoder("latin1").decode(chunk);
    resumable ||= /[\r\n]id:/.test(text);
    lineStart = text.slice(-3);
  };
  const needsStandIn = (): boolean => typeof request === "number" && !resumable;

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            if (request !== undefined) lookForIds(value);
            return controller.enqueue(value);
          }
        } catch (error) {
          if (!needsStandIn()) {
            onEnd();
            return controller.error(error);
          }
        }
        onEnd();
        if (needsStandIn()) controller.enqueue(standIn(Number(request)));
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
function standIn(id: number): Uint8Array {
  const message = JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_603, message: brokeOff } });
  return new TextEncoder().encode(`\n\nevent: message\ndata: ${message}\n\n`);
}
