/**
 * Finds the one credential of a request, from its head alone: no body, no I/O, no allocation worth an attacker's while.
 * RFC 6750 §2.1 and §3.1, OAuth 2.1 §5.1.1 (B50-01, B50-02, B50-08), RFC 7617 §2.
 */
import { isBearerToken } from "../token/bearer-token.ts";
import { parseUserPass, type UserPass } from "./user-pass.ts";

/** As much of a request as arrives before its body. */
export interface RequestHead {
  readonly method: string;
  /** The request target as received, or the path and query of a `Request`. */
  readonly target: string;
  /** Names and values in turn, as received: `["Host", "a", "Accept", "b"]`. Repeated headers are repeated here. */
  readonly headers: readonly string[];
  /** Address of the other end of the connection, where the server knows it. */
  readonly remoteAddress?: string | undefined;
}

/** A way to send a credential. */
export type Scheme = "Bearer" | "Basic";

/** What the head contains. */
export type Extraction =
  | { readonly kind: "token"; readonly token: string }
  | ({ readonly kind: "password" } & UserPass)
  /** No credential of a scheme that is taken; another scheme counts as none (RFC 6750 §3.1, B50-11). */
  | { readonly kind: "none" }
  /** A scheme that is taken, with something that is no credential of it. */
  | { readonly kind: "malformed"; readonly scheme: Scheme }
  /** More than one credential, or one where none may be. The reason may be sent. */
  | { readonly kind: "ambiguous"; readonly reason: string };

/** A credential that can be judged. */
export type Credential = Extract<Extraction, { readonly kind: "token" | "password" }>;

const none: Extraction = { kind: "none" };
const inQuery: Extraction = { kind: "ambiguous", reason: "Send the token in the Authorization header, not in the URL" };
const several: Extraction = { kind: "ambiguous", reason: "Send exactly one Authorization header with one credential" };

/** The credential of a request in one of the schemes that are taken, or why there is none. */
export function extractCredential(head: RequestHead, schemes: readonly Scheme[]): Extraction {
  if (hasQueryToken(head.target)) return inQuery;
  const values = headerValues(head.headers, "authorization");
  if (values.length === 0) return none;
  if (values.length > 1) return several;
  return parseAuthorization(values[0] ?? "", schemes);
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

function parseAuthorization(value: string, schemes: readonly Scheme[]): Extraction {
  const credentials = value.replace(/^[ \t]+|[ \t]+$/g, "");
  const word = /^[\w!#$%&'*+.^`|~-]*/.exec(credentials)?.[0] ?? "";
  const rest = credentials.slice(word.length);
  const scheme = schemes.find((taken) => taken.toLowerCase() === word.toLowerCase());
  if (scheme === undefined) return hasSecond(credentials, schemes) ? several : none;
  // No credential contains a comma: this is what two headers look like once something has joined them (RFC 9110 §5.3).
  if (rest.includes(",")) return several;
  const credential = rest.replace(/^ +/, "");
  const malformed: Extraction = { kind: "malformed", scheme };
  if (credential.length === rest.length || !isBearerToken(credential)) return malformed;
  if (scheme === "Bearer") return { kind: "token", token: credential };
  const userPass = parseUserPass(decodeUtf8(credential));
  return userPass === undefined ? malformed : { kind: "password", ...userPass };
}

/** Whether a credential that is taken follows one that is not. */
function hasSecond(credentials: string, schemes: readonly Scheme[]): boolean {
  return schemes.some((scheme) => new RegExp(`,[ \\t]*${scheme}(?![\\w-])`, "i").test(credentials));
}

/** The text of a `token68` in base64; `undefined` when it is not base64 or not UTF-8. */
function decodeUtf8(token68: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(token68), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
