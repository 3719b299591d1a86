/**
 * The time that signatures carry. A machine whose clock is off is refused by every server that limits the age of a
 * signature, so the `Date` of a refusal (RFC 9110 §6.6.1) corrects it.
 */
import { SallyportError } from "../errors.ts";

// `Date` has whole seconds, and the answer took its time to arrive.
const tolerance = 30_000;
// Whoever sets the time decides how long a signature stays good: nobody gets one that is good next year.
const farthest = 24 * 60 * 60 * 1000;

/** The clock of one scheme; remembers how far its server is ahead. */
export class SigningClock {
  readonly #now: () => number;
  #ahead = 0;

  /** @param now - milliseconds since 1970. Default: the machine's clock. */
  constructor(now: (() => number) | undefined) {
    this.#now = now ?? Date.now;
  }

  /** Seconds since 1970, as the server counts them. */
  seconds(): number {
    return Math.floor((this.#now() + this.#ahead) / 1000);
  }

  /** How many milliseconds the server is ahead, as far as is known. */
  get ahead(): number {
    return this.#ahead;
  }

  set ahead(milliseconds: number) {
    this.#ahead = milliseconds;
  }

  /**
   * Take the time of a server that refused a signature.
   *
   * @param used - `ahead` when the signature was made: another request may have corrected the clock since.
   * @returns whether it differs by more than 30 seconds, so that a new signature may be accepted. Without a readable
   * `Date` it does not; a page reads it only where the server exposes it (CORS).
   * @throws SallyportError `unauthorized` when the clocks are more than a day apart.
   */
  learn(refusal: Response, used: number): boolean {
    const date = Date.parse(refusal.headers.get("date") ?? "");
    if (Number.isNaN(date)) return false;
    const ahead = date - this.#now();
    if (Math.abs(ahead - used) <= tolerance) return false;
    if (Math.abs(ahead) > farthest) throw clockOff(ahead);
    this.#ahead = ahead;
    return true;
  }
}

function clockOff(ahead: number): SallyportError<"unauthorized"> {
  const days = Math.round(Math.abs(ahead) / farthest);
  return new SallyportError(
    "unauthorized",
    `The server refused the signature, and its clock is ${days} ${days === 1 ? "day" : "days"} ${ahead > 0 ? "ahead of" : "behind"} the one of this machine. Set the clock of this machine, then try again.`,
  );
}
