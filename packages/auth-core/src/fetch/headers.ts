/**
 * Who sets which header of a request. Three can: the caller of `fetch`, the static `headers`, and the auth scheme.
 * Exactly one value may come of it; two that differ are an error and never a silent choice.
 */
import { SallyportError } from "../errors.ts";
import { setHeader } from "../schemes/header.ts";
import type { HeaderReading } from "./static-headers.ts";

/**
 * Headers of the protocol, which say nothing about who is asking. The caller's value wins over a static one, a scheme
 * may change them, and they may follow a redirect. Every other header may be a credential, whatever its name.
 */
const protocolHeaders: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-type",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "user-agent",
]);

/** Whether a header may hold a credential. */
export function mayBeCredential(name: string): boolean {
  return !protocolHeaders.has(name.toLowerCase());
}

/**
 * Add the static headers to a request that has the caller's own.
 *
 * @throws SallyportError `config_conflict` when both set a header to different values.
 */
export function addStaticHeaders(request: Request, readings: readonly HeaderReading[]): void {
  for (const { name, reading } of readings) {
    const value = reading.reveal();
    const own = request.headers.get(name);
    if (own === null) setHeader(request, name, value);
    else if (own !== value && mayBeCredential(name)) {
      throw conflict(name, "the request's own headers", "the configured `headers`");
    }
  }
}

/**
 * The headers that a scheme has added to a request.
 *
 * @param before - the headers as they were handed to the scheme.
 * @throws SallyportError `config_conflict` when the scheme has replaced a header that was there.
 */
export function addedHeaders(before: ReadonlyMap<string, string>, after: Headers): Map<string, string> {
  const added = new Map<string, string>();
  for (const [name, value] of after) {
    const previous = before.get(name);
    if (previous === value || !mayBeCredential(name)) continue;
    // Cookies are the one credential header that two may share.
    const joined = name === "cookie" && previous !== undefined && value.startsWith(`${previous}; `);
    if (previous !== undefined && !joined) throw conflict(name, "`headers` or the request's own headers", "`auth`");
    added.set(name, value);
  }
  return added;
}

function conflict(name: string, one: string, other: string): SallyportError {
  return new SallyportError(
    "config_conflict",
    `The header ${name} is set twice with different values: by ${one} and by ${other}. Remove one of them.`,
  );
}
