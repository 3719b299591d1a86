/**
 * A clock that moves only when a test says so.
 */

/** Time in milliseconds since the epoch, under the control of a test. */
export interface ManualClock {
  /** The time now; bound, so that it can be passed as a port. */
  readonly now: () => number;
  /** Move time forward by this many milliseconds. */
  advance(milliseconds: number): void;
}

/**
 * @param start - milliseconds since the epoch. Default 2026-01-01T00:00:00Z.
 */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let time = start;
  return {
    now: () => time,
    advance(milliseconds) {
      time += milliseconds;
    },
  };
}
