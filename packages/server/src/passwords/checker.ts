/**
 * Checks passwords without letting guesses take the machine: so many at a time, so many waiting, and none twice that was
 * found right before.
 */
import { SallyportError } from "@sallyport/auth-core";
import { matchesHash, type PasswordHash } from "./hash.ts";

/** How much may go on at once. */
export interface CheckerLimits {
  readonly running: number;
  readonly waiting: number;
  readonly remembered: number;
}

export class PasswordChecker {
  readonly #limits: CheckerLimits;
  readonly #waiting: Set<() => void> = new Set();
  /** Checks by fingerprint: those that run, and those that came out right. */
  readonly #checks: Map<string, Promise<boolean>> = new Map();
  readonly #key: Promise<CryptoKey> = newKey();
  #running = 0;

  constructor(limits: CheckerLimits) {
    this.#limits = limits;
  }

  /**
   * Whether a user's password has a stored hash. A client sends its password with every request: one that was right is known by
   * a keyed fingerprint of itself, the user and the hash, so that a changed hash is checked anew. A wrong one always takes the whole time.
   *
   * @param user - names without a user share a hash, and must not share its checks: that would tell them from the others.
   * @throws SallyportError `temporarily_unavailable` when too many checks are waiting; the reason of `signal` when it
   * aborts before this one's turn.
   */
  async check(user: string, password: string, stored: PasswordHash, signal: AbortSignal): Promise<boolean> {
    const fingerprint = await this.#fingerprint(user, password, stored);
    const known = this.#checks.get(fingerprint);
    if (known !== undefined) {
      // The last used is the last forgotten.
      this.#checks.delete(fingerprint);
      this.#checks.set(fingerprint, known);
      return known;
    }
    const check = this.#run(password, stored, signal);
    this.#checks.set(fingerprint, check);
    const right = await check.catch((error: unknown) => {
      this.#checks.delete(fingerprint);
      throw error;
    });
    if (!right) this.#checks.delete(fingerprint);
    else if (this.#checks.size > this.#limits.remembered) {
      const [oldest = ""] = this.#checks.keys();
      this.#checks.delete(oldest);
    }
    return right;
  }

  async #run(password: string, stored: PasswordHash, signal: AbortSignal): Promise<boolean> {
    await this.#turn(signal);
    try {
      return await matchesHash(password, stored);
    } finally {
      this.#running -= 1;
      const [next] = this.#waiting;
      next?.();
    }
  }

  /** Wait until fewer checks are running. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running >= this.#limits.running) {
      if (this.#waiting.size >= this.#limits.waiting) {
        throw new SallyportError(
          "temporarily_unavailable",
          `More than ${this.#limits.waiting} passwords are waiting to be checked. Someone may be guessing: limit the rate of requests in front of this server.`,
        );
      }
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          this.#waiting.delete(go);
          signal.removeEventListener("abort", giveUp);
        };
        const go = (): void => {
          leave();
          // Taken before anybody else can.
          this.#running += 1;
          resolve();
        };
        const giveUp = (): void => {
          leave();
          reject(signal.reason);
        };
        this.#waiting.add(go);
        signal.addEventListener("abort", giveUp, { once: true });
      });
      return;
    }
    this.#running += 1;
  }

  /** Says nothing about either without the key, which never leaves this process. */
  async #fingerprint(user: string, password: string, { salt, hash }: PasswordHash): Promise<string> {
    const text = JSON.stringify([user, password.normalize("NFC")]);
    // The hash is of the salt and fixes it; its length is not the attacker's to choose.
    const message = new Blob([new Uint8Array(salt), new Uint8Array(hash), text]);
    const digest = await crypto.subtle.sign("HMAC", await this.#key, await message.arrayBuffer());
    return btoa(String.fromCharCode(...new Uint8Array(digest)));
  }
}

async function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
