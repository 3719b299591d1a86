/**
 * Bounds something in time, whatever it does with the signal that it is given.
 */

/**
 * What `run` resolves with, if it does so in time.
 *
 * @param timeoutMs - in milliseconds.
 * @param run - gets a signal that is aborted when it is too late.
 * @param late - makes the error to reject with then.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = late();
      reject(error);
      controller.abort(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([run(controller.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}
