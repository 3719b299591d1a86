/** How long others are waited for. */
export interface LeaseOptions {
  /**
   * How long a holder may be silent before its lock is taken over, in milliseconds. Default: 15 000. A holder says
   * several times within it that it is alive; only one that is stopped, or whose event loop is blocked, cannot.
   */
  readonly leaseMs?: number;
  /** How long to wait for a lock that living processes hold, in milliseconds. Default: 600 000, ten minutes. */
  readonly patienceMs?: number;
}
