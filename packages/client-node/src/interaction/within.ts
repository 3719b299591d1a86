/**
 * Waiting for a person: not for ever, and one at a time.
 */
import { SallyportError } from "@sallyport/auth-core";

export interface Limits {
  /** In milliseconds. Default: no bound. */
  readonly timeoutMs?: number;
  /** What the wait fails with when the time is over. */
  readonly late?: () => Error;
  /** Each ends the wait with its reason. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

// Timers count in 32 bits: what is longer would end at once.
const longest = 2 ** 31 - 1;

/**
 * Wait for `run`, until the time is over or a signal ends it.
 *
 * @param run - gets a signal that is aborted in any case once the wait is over.
 */
export async function within<T>(limits: Limits, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signals = limits.signals.filter((signal) => signal !== undefined);
  for (const signal of signals) signal.throwIfAborted();
  const end = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    end.signal.addEventListener("abort", () => reject(end.signal.reason), { once: true });
  });
  const abort = (event: Event): void => end.abort((event.target as AbortSignal).reason);
  for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
  const { timeoutMs = longest, late } = limits;
  const timer = setTimeout(() => end.abort(late?.()), Math.min(timeoutMs, longest));
  try {
    return await Promise.race([ended, run(end.signal)]);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", abort);
    end.abort();
  }
}

let last: Promise<unknown> = Promise.resolve();

/** Run one after the other, in order of the calls. A signal ends the wait for the turn with its reason. */
export async function inTurn<T>(signals: readonly (AbortSignal | undefined)[], run: () => Promise<T>): Promise<T> {
  const before = last;
  let leave: (() => void) | undefined;
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  last = before.then(() => mine);
  try {
    await within({ signals }, () => before);
    return await run();
  } finally {
    leave?.();
  }
}

/** What a wait fails with when its session is closed. */
export function givenUp(): SallyportError<"authorization_required"> {
  return new SallyportError(
    "authorization_required",
    "The sign-in was given up before its answer came. Start it again.",
  );
}
