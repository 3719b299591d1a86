/**
 * Puts a limiter in front of the gate's judgement. When the limiter fails, the credential is judged all the same: it slows guesses,
 * and an outage of it must not become one of the server.
 */
import { parseKey } from "../api-keys/key-format.ts";
import { Fingerprints } from "../audit/fingerprint.ts";
import type { Credential, RequestHead } from "../gate/extract.ts";
import type { Judgement } from "../gate/refusal.ts";
import { withDeadline } from "../verification/deadline.ts";
import type { Attempt, AttemptLimiter } from "./attempt-limiter.ts";
import { type ClientAddress, networkOf } from "./client-address.ts";

const timeoutMs = 2_000;

/** A limiter, and who it takes a request to be from. */
export class AttemptGuard {
  readonly #limiter: AttemptLimiter;
  readonly #addressOf: ClientAddress;
  readonly #onError: (error: unknown) => void;
  readonly #fingerprints = new Fingerprints();

  /** @param onError - must not throw. */
  constructor(limiter: AttemptLimiter, addressOf: ClientAddress, onError: (error: unknown) => void) {
    this.#limiter = limiter;
    this.#addressOf = addressOf;
    this.#onError = onError;
  }

  /** What `judge` says of a credential, unless too many have failed. */
  async judge(found: Credential, head: RequestHead, judge: () => Promise<Judgement>): Promise<Judgement> {
    const attempt = await this.#attempt(found, head);
    const before = await this.#ask(() => this.#limiter.before(attempt));
    if (before > 0) return tooMany(before);
    const judgement = await judge();
    const right = isRight(judgement);
    if (right === undefined) return judgement;
    const after = await this.#ask(() => this.#limiter.after(attempt, right));
    return after > 0 ? tooMany(after) : judgement;
  }

  async #attempt(found: Credential, head: RequestHead): Promise<Attempt> {
    const isToken = found.kind === "token";
    const address = this.#address(head);
    return {
      address: address === undefined ? undefined : networkOf(address),
      account: isToken ? parseKey(found.token)?.id : found.username,
      credential: await this.#fingerprints.of(isToken ? found.token : JSON.stringify([found.username, found.password])),
    };
  }

  #address(head: RequestHead): string | undefined {
    try {
      return this.#addressOf(head);
    } catch (error) {
      this.#onError(error);
      return head.remoteAddress;
    }
  }

  async #ask(run: () => number | Promise<number>): Promise<number> {
    try {
      const answer = run();
      const seconds = typeof answer === "number" ? answer : await withDeadline(timeoutMs, () => answer, late);
      return seconds > 0 ? Math.ceil(seconds) : 0;
    } catch (error) {
      this.#onError(error);
      return 0;
    }
  }
}

/** `undefined` when it could not be judged. Too few scopes are not the credential's fault. */
function isRight(judgement: Judgement): boolean | undefined {
  if ("token" in judgement || judgement.caller !== undefined) return true;
  return judgement.refusal.reason === "temporarily_unavailable" ? undefined : false;
}

function tooMany(waitSeconds: number): Judgement {
  return { refusal: { reason: "too_many_attempts", waitSeconds } };
}

function late(): Error {
  return new Error(`The limiter of failed attempts gave no answer within ${timeoutMs} ms.`);
}
