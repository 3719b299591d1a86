/**
 * Ends a wait when the caller's signal aborts. A transport has one signal for thousands of calls, and `fetch` leaves its
 * listeners there until they are collected, so that each further listener costs more: a wait that is over at once adds
 * none, any other takes its own off again.
 */

/** The outcome of a promise, but no later than the abort; then the reason of the signal. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  const settled = await settlesAtOnce(promise);
  signal.throwIfAborted();
  return settled ? promise : race(signal, promise);
}

/** Longer than a flow takes that waits for nothing, and shorter than anything that asks the outside. */
const microtasks = 12;

async function settlesAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < microtasks && !settled; turn += 1) await undefined;
  return settled;
}

async function race<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
