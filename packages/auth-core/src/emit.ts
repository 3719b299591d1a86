/**
 * Telling those who watch: what they do with an event never changes what is watched.
 */

/** Call a listener, if there is one. What it throws is ignored, also when it is an async function. */
export function emit<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    const result: unknown = listener?.(event);
    // Its failure would end the process as an unhandled rejection.
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // Whoever only watches cannot make the request fail.
  }
}
