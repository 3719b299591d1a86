/**
 * What Digest computes, without state: RFC 7616 §3.4.1 to §3.4.4 and §3.5, and RFC 2069 where the server names no `qop`.
 * All texts are byte strings: user name and password in UTF-8, realm and nonce as the server sent them, unescaped.
 */
import type { DigestAlgorithm } from "./digest-algorithm.ts";
import { hashText } from "./digest-hash.ts";

/** Everything a response depends on. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  /** The nonce of the challenge that opened the session: the one that `-sess` makes its key of. */
  readonly sessionNonce: string;
  readonly cnonce: string;
  /** `nc`: how often the nonce was used, this time included, as eight hexadecimal digits. */
  readonly count: string;
  readonly qop: "auth" | "auth-int" | undefined;
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly uri: string;
  /** H(body), for `auth-int`. */
  readonly bodyHash?: string | undefined;
}

/** The `response` of an `Authorization`. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, nonce, count, cnonce, qop, method, uri } = input;
  const h = (data: string): string => hashText(algorithm.hash, data);
  const credentials = h(`${input.username}:${input.realm}:${input.password}`);
  const key = algorithm.session ? h(`${credentials}:${input.sessionNonce}:${cnonce}`) : credentials;
  const message = h(qop === "auth-int" ? `${method}:${uri}:${input.bodyHash ?? h("")}` : `${method}:${uri}`);
  return h(qop === undefined ? `${key}:${nonce}:${message}` : `${key}:${nonce}:${count}:${cnonce}:${qop}:${message}`);
}

/** The `rspauth` by which a server proves that it knows the password too. Covers no body: for `qop=auth` alone. */
export function digestRspauth(input: DigestInput): string {
  return digestResponse({ ...input, method: "" });
}

/** The user name as `userhash` sends it: RFC 7616 §3.4.4. */
export function hashUsername({ algorithm, username, realm }: DigestInput): string {
  return hashText(algorithm.hash, `${username}:${realm}`);
}
