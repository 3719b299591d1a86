/**
 * Judges what arrives at the loopback listener. Any program on the machine and any page in any browser can send
 * something there: only what answers the one request that was sent is taken (RED-07, RFC 8252 §8.3).
 */
import type { IncomingMessage } from "node:http";
import { answersTo } from "./callback.ts";
import { type Page, pages } from "./page.ts";

/** What is waited for. */
export interface Expected {
  /** Where the answer is to come in. */
  readonly redirect: URL;
  /** What the authorization URL asked to have back; nothing before it was opened. */
  readonly state: string | undefined;
  /** Whether the answer came already. */
  readonly isAnswered: boolean;
}

/** What is said to the caller, and the callback if this is it. */
export interface Verdict {
  readonly page: Page;
  readonly callback?: URL;
}

/** The page that answers a request, and the callback URL if it is the awaited one. */
export function judgeRequest(request: IncomingMessage, { redirect, state, isAnswered }: Expected): Verdict {
  const { method, headersDistinct: headers, url: target = "" } = request;
  // A page whose name was made to point here (DNS rebinding) calls by that name.
  const [host, ...more] = headers["host"] ?? [];
  if (host?.toLowerCase() !== redirect.host || more.length > 0) return { page: pages.misdirected };

  const query = target.indexOf("?");
  if (target.slice(0, query < 0 ? undefined : query) !== redirect.pathname) return { page: pages.missing };
  if (method !== "GET" && method !== "HEAD") return { page: pages.method };
  // To look ahead is no visit: it must not use up the answer.
  const purposes = ["sec-purpose", "purpose", "x-moz"].flatMap((name) => headers[name] ?? []);
  if (purposes.some((purpose) => /\bprefetch\b/i.test(purpose))) return { page: pages.prefetch };

  const callback = new URL(redirect.origin + target);
  if (state === undefined || !answersTo(callback.searchParams, state)) return { page: pages.foreign };
  if (isAnswered) return { page: pages.repeated };
  const page = callback.searchParams.has("error") ? pages.refused : pages.received;
  return method === "HEAD" ? { page } : { page, callback };
}
