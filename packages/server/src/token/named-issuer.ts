/**
 * What a token looks like, without believing it.
 */
import { decodeJwt } from "jose";

/** Whether a token has three parts and begins as a JSON object does in base64url (RFC 7519 §3). */
export function looksLikeJwt(token: string): boolean {
  const first = token.startsWith("e") ? token.indexOf(".") : -1;
  const second = first < 0 ? -1 : token.indexOf(".", first + 1);
  return second > 0 && !token.includes(".", second + 1);
}

/** The claim `iss` of a JWT, unverified: empty when it has none, `undefined` when the token is no JWT. */
export function namedIssuer(token: string): string | undefined {
  // Cheaper than an exception, which is what most other tokens would cost.
  if (!looksLikeJwt(token)) return undefined;
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === "string" ? iss : "";
  } catch {
    return undefined;
  }
}
