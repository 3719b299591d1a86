/**
 * Who sets which header of a request. Three can: the caller of `fetch`, the static `headers`, and the auth scheme.
 * Exactly one value may come of it; two that differ are an error and never a silent choice.
 */
import { SallyportError } from "../errors.ts";
import { type HeaderReading, headerValue } from "../schemes/header-source.ts";

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
 * Add the static headers to the caller's own.
 *
 * @throws SallyportError `config_conflict` when both set a header to different values.
 */
export function addStaticHeaders(headers: Headers, readings: readonly HeaderReading[]): void {
  for (const { name, reading } of readings) {
    const value = reading.reveal();
    const own = headers.get(name);
    if (own === null) headers.set(name, value);
    else if (own !== value && mayBeCredential(name)) {
      throw conflict(name, "the request's own headers", "the configured `headers`");
    }
  }
}

/**
 * Add the headers of a scheme to those that are there already.
 *
 * @throws SallyportError `config_conflict` when it would replace one.
 */
export function addSchemeHeaders(headers: Headers, readings: readonly HeaderReading[]): void {
  for (const header of readings) {
    const { name, reading } = header;
    const previous = headers.get(name);
    const value = headerValue(header, previous, reading.reveal());
    checkReplaced(name, previous, value);
    headers.set(name, value);
  }
}

/**
 * The credentials that a scheme has added to a request.
 *
 * @param before - the headers as they were handed to the scheme.
 * @throws SallyportError `config_conflict` when the scheme has replaced a header that was there.
 */
export function addedHeaders(before: Headers, after: Headers): Map<string, string> {
  const added = new Map<string, string>();
  for (const [name, value] of after) {
    const previous = before.get(name);
    if (previous === value || !mayBeCredential(name)) continue;
    checkReplaced(name, previous, value);
    added.set(name, value);
  }
  return added;
}

/** A scheme may change the headers of the protocol, and add a cookie to others: the one credential that two may share. */
function checkReplaced(name: string, previous: string | null, value: string): void {
  if (previous === null || previous === value || !mayBeCredential(name)) return;
  if (name.toLowerCase() === "cookie" && value.startsWith(`${previous}; `)) return;
  throw conflict(name, "`headers` or the request's own headers", "`auth`");
}

function conflict(name: string, one: string, other: string): SallyportError {
  return new SallyportError(
    "config_conflict",
    `The header ${name} is set twice with different values: by ${one} and by ${other}. Remove one of them.`,
  );
}
