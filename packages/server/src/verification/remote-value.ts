/**
 * Something of an authorization server that is fetched when it is needed and kept: asked for again when it has grown old,
 * and used on while it cannot be had. However many want it, there is one request at a time (J68-12).
 */
import { SallyportError } from "@sallyport/auth-core";

/** When a value is asked for, in milliseconds. */
export interface RemoteValueOptions {
  /** How long it is used before it is asked for again. */
  readonly freshMs: number;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

// How long it is used on while it cannot be had.
const staleMs = 24 * 60 * 60_000;
// Anybody can name a key that does not exist: that costs one request in this time, however many do.
const cooldownMs = 30_000;
// While there is none at all, it is asked for this often.
const retryMs = 5_000;

/** A remembered value. `load` must settle by itself. */
export class RemoteValue<T> {
  readonly #load: () => Promise<T>;
  readonly #freshMs: number;
  readonly #now: () => number;
  #value: { readonly of: T; readonly at: number } | undefined;
  #loading: Promise<T> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failure: { readonly cause: unknown } | undefined;

  constructor(load: () => Promise<T>, { freshMs, now = Date.now }: RemoteValueOptions) {
    this.#load = load;
    this.#freshMs = freshMs;
    this.#now = now;
  }

  /** The value. Rejects as `load` does, when it has never been had or not for a day. */
  async get(): Promise<T> {
    const known = this.#value;
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.at;
    if (known === undefined || age >= staleMs) return this.#askAgainAfter(retryMs);
    if (age < this.#freshMs) return known.of;
    const asking = this.#askAgainAfter(cooldownMs).catch(() => known.of);
    // Once it is known that it cannot be had, nobody waits to hear that again.
    return this.#failure === undefined ? asking : known.of;
  }

  /** The value as it is now, as far as asking is allowed again. Rejects when the last attempt to ask failed. */
  newest(): Promise<T> {
    return this.#askAgainAfter(cooldownMs);
  }

  async #askAgainAfter(pauseMs: number): Promise<T> {
    if (this.#loading === undefined && this.#now() - this.#askedAt < pauseMs) {
      if (this.#failure === undefined && this.#value !== undefined) return this.#value.of;
      throw new SallyportError("temporarily_unavailable", reason(this.#failure?.cause), this.#failure);
    }
    this.#loading ??= this.#ask().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #ask(): Promise<T> {
    this.#askedAt = this.#now();
    try {
      const value = await this.#load();
      this.#value = { of: value, at: this.#now() };
      this.#failure = undefined;
      return value;
    } catch (cause) {
      this.#failure = { cause };
      throw cause;
    }
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : "It could not be fetched just now.";
}
