/**
 * Hands the messages of a transport over one after the other. Both SDKs handle a notification a moment after it came and
 * a response at once: progress that arrives in one piece with the response, as it does over stdio and HTTP+SSE, would be lost.
 */

interface MessageSource {
  onmessage?: ((message: never, extra?: never) => void) | undefined;
}

/** To be called once the SDK's client is connected, which is when it listens to its transport. */
export function deliverInOrder(transport: MessageSource): void {
  const deliver = transport.onmessage;
  let last = Promise.resolve();
  transport.onmessage = (message, extra) => {
    last = last.then(() => deliver?.(message, extra));
  };
}
