/**
 * Finds the one bearer token of a request, from its head alone: no body, no I/O, no allocation worth an attacker's while.
 * RFC 6750 §2.1 and §3.1, OAuth 2.1 §5.1.1 (B50-01, B50-02, B50-08).
 */
import { isBearerToken } from "../token/bearer-token.ts";

/** As much of a request as arrives before its body. */
export interface RequestHead {
  readonly method: string;
  /** The request target as received, or the path and query of a `Request`. */
  readonly target: string;
  /** Names and values in turn, as received: `["Host", "a", "Accept", "b"]`. Repeated headers are repeated here. */
  readonly headers: readonly string[];
}

/** What the head contains. */
export type Extraction =
  | { readonly kind: "token"; readonly token: string }
  /** No bearer credential; another scheme counts as none (RFC 6750 §3.1, B50-11). */
  | { readonly kind: "none" }
  /** A bearer credential that is not a token. */
  | { readonly kind: "malformed" }
  /** More than one credential, or one where none may be. The reason may be sent. */
  | { readonly kind: "ambiguous"; readonly reason: string };

const none: Extraction = { kind: "none" };
const malformed: Extraction = { kind: "malformed" };
const inQuery: Extraction = { kind: "ambiguous", reason: "Send the token in the Authorization header, not in the URL" };
const several: Extraction = { kind: "ambiguous", reason: "Send exactly one Authorization header with one credential" };

/** The bearer token of a request, or why there is none. */
export function extractToken(head: RequestHead): Extraction {
  if (hasQueryToken(head.target)) return inQuery;
  const values = headerValues(head.headers, "authorization");
  if (values.length === 0) return none;
  if (values.length > 1) return several;
  return parseAuthorization(values[0] ?? "");
}

/** The values of a header, each as it was received. */
export function headerValues(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const candidate = headers[index] ?? "";
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(headers[index + 1] ?? "");
  }
  return values;
}

// OAuth parameter names are case-sensitive, but a client that writes `Access_Token` has leaked its token all the same.
function hasQueryToken(target: string): boolean {
  const start = target.indexOf("?");
  if (start < 0) return false;
  for (const name of new URLSearchParams(target.slice(start + 1)).keys()) {
    if (name.toLowerCase() === "access_token") return true;
  }
  return false;
}

function parseAuthorization(value: string): Extraction {
  const credentials = value.replace(/^[ \t]+|[ \t]+$/g, "");
  const scheme = /^[\w!#$%&'*+.^`|~-]*/.exec(credentials)?.[0] ?? "";
  const rest = credentials.slice(scheme.length);
  if (scheme.toLowerCase() !== "bearer") return /,[ \t]*bearer(?![\w-])/i.test(credentials) ? several : none;
  // No token contains a comma: this is what two headers look like once something has joined them (RFC 9110 §5.3).
  if (rest.includes(",")) return several;
  const token = rest.replace(/^ +/, "");
  return token.length < rest.length && isBearerToken(token) ? { kind: "token", token } : malformed;
}
