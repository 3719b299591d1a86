/**
 * What both verifiers do besides the signature itself: the time window, the body, the replay cache, their options.
 */
import { SallyportError } from "@sallyport/auth-core";
import { toHex, utf8 } from "@sallyport/auth-core/signatures";
import type { ReplayCache } from "./replay-cache.ts";
import { refused, type SignatureRefused } from "./verdict.ts";

/** Options of both verifiers. */
export interface SignatureCheckOptions {
  /** How far the time of a signature may be away, before and after, in seconds. Default 300. */
  readonly windowSeconds?: number;
  /** Remembers signed requests, so that none is served twice. Default: none; a request can be repeated within the window. */
  readonly replayCache?: ReplayCache;
  /** Longest body that is read, in bytes. Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** The options with their defaults. */
export interface SignatureChecks {
  readonly windowSeconds: number;
  readonly replayCache: ReplayCache | undefined;
  readonly maxBodyBytes: number;
  /** Seconds since 1970, now. */
  readonly seconds: number;
}

/** @throws SallyportError `config_invalid` when a limit is no number above 0. */
export function readChecks(options: SignatureCheckOptions): SignatureChecks {
  const { windowSeconds = 300, maxBodyBytes = 4 * 1024 * 1024, now = Date.now, replayCache } = options;
  for (const [name, value] of Object.entries({ windowSeconds, maxBodyBytes })) {
    if (!(value > 0)) throw new SallyportError("config_invalid", `${name}: must be a number above 0.`);
  }
  return {
    windowSeconds,
    replayCache,
    maxBodyBytes,
    get seconds() {
      return now() / 1000;
    },
  };
}

/** Whether a time in seconds is within the window. */
export function checkTime(time: number, { seconds, windowSeconds }: SignatureChecks): SignatureRefused | undefined {
  const age = seconds - time;
  if (Math.abs(age) <= windowSeconds) return undefined;
  const away = `${Math.round(Math.abs(age))} seconds ${age > 0 ? "ago" : "ahead of this server's clock"}`;
  return refused("timestamp_outside_window", `Signed ${away}; ${windowSeconds} are allowed.`);
}

// The cache has a clock of its own, which may be ahead, and forgets nothing that could still be let in.
const cacheMargin = 60;

/**
 * Whether a signed request is new. Its time is judged once more: who holds the body back until the window has passed
 * would find the request forgotten.
 *
 * @param signed - the bytes that were signed: unlike the signature, nobody can write them in another way (ECDSA has two
 * signatures for the same bytes).
 */
export async function checkReplay(
  keyId: string,
  signed: Uint8Array<ArrayBuffer>,
  time: number,
  checks: SignatureChecks,
): Promise<SignatureRefused | undefined> {
  const { replayCache, windowSeconds } = checks;
  if (replayCache === undefined) return undefined;
  const text = await new Blob([utf8(keyId), "\0", signed]).arrayBuffer();
  const key = toHex(await crypto.subtle.digest("SHA-256", text));
  const late = checkTime(time, checks);
  if (late !== undefined) return late;
  const fresh = await replayCache.remember(key, time + windowSeconds + cacheMargin);
  return fresh === true ? undefined : refused("replayed", "The same signed request was here before.");
}

/** The bytes of a body, or `undefined` when there are more than `maxBytes`; then no more is read. */
export async function readBody(request: Request, maxBytes: number): Promise<ArrayBuffer | undefined> {
  if (Number(request.headers.get("content-length")) > maxBytes) return undefined;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) break;
    received += value.byteLength;
    if (received > maxBytes) {
      await reader?.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  return new Blob(chunks).arrayBuffer();
}

/** The request with a body that was read from it. */
export function withBody(request: Request, body: ArrayBuffer | undefined): Request {
  return body === undefined || request.body === null ? request : new Request(request, { body });
}

export function tooLarge(maxBytes: number): SignatureRefused {
  return refused("body_too_large", `The body is longer than ${maxBytes} bytes.`);
}
