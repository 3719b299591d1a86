/**
 * How often more scopes were asked for, so that a server that is never content does not send a person to sign in for ever
 * (STEP-05, STEP-06; modelcontextprotocol/typescript-sdk#1582).
 */

// The conformance suite passes three authorizations in all: the first one and two step-ups.
const most = 2;
const memoryMs = 10 * 60_000;
const mostOperations = 100;

export class ScopeAttempts {
  readonly #now: () => number;
  readonly #counts = new Map<string, { count: number; since: number }>();
  readonly #refused = new Map<string, number>();

  /** @param now - milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether these scopes may be asked for once more for this operation; counts when they may. */
  allow(operation: string, wanted: readonly string[]): boolean {
    const now = this.#now();
    if (wanted.some((scope) => now - (this.#refused.get(scope) ?? Number.NEGATIVE_INFINITY) < memoryMs)) return false;
    const known = this.#counts.get(operation);
    const entry = known !== undefined && now - known.since < memoryMs ? known : { count: 0, since: now };
    if (entry.count >= most) return false;
    entry.count += 1;
    remember(this.#counts, operation, entry);
    return true;
  }

  /** Remember what was asked for and not granted. */
  learn(wanted: readonly string[], granted: ReadonlySet<string>): void {
    for (const scope of wanted) {
      if (granted.has(scope)) this.#refused.delete(scope);
      else remember(this.#refused, scope, this.#now());
    }
  }
}

/** A map that forgets its oldest entry rather than grow with what a server makes up. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > mostOperations && oldest !== undefined) map.delete(oldest);
}
