/**
 * Reads the body of a node:http request, up to a limit. Over the limit it stops where it is: the rest stays unread.
 */
import type { IncomingMessage } from "node:http";
import type { BodyReading } from "./admitted-call.ts";

/** There is nobody left to answer. */
export class ClientGone extends Error {}

/**
 * @param maxBytes - a declared length over it is refused without reading.
 * @throws ClientGone when the client leaves before its body is whole.
 */
export function readNodeBody(request: IncomingMessage, maxBytes: number): Promise<BodyReading> {
  if (Number(request.headers["content-length"]) > maxBytes) return Promise.resolve({ tooLarge: true });
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let received = 0;
    const onData = (chunk: Uint8Array): void => {
      received += chunk.byteLength;
      if (received > maxBytes) {
        request.off("data", onData).pause();
        resolve({ tooLarge: true });
      } else chunks.push(chunk);
    };
    request
      .on("data", onData)
      .once("end", () => resolve({ tooLarge: false, text: Buffer.concat(chunks).toString("utf8") }))
      .once("error", (cause) => reject(new ClientGone("The client left before its body was whole.", { cause })))
      .once("close", () => reject(new ClientGone("The client left before its body was whole.")));
  });
}
