/**
 * What a token looks like, without believing it.
 */
import { decodeJwt } from "jose";

/** The claim `iss` of a JWT, unverified: empty when it has none, `undefined` when the token is no JWT. */
export function namedIssuer(token: string): string | undefined {
  // Cheaper than an exception for what no JWT looks like.
  if (!token.startsWith("ey") || token.split(".").length !== 3) return undefined;
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === "string" ? iss : "";
  } catch {
    return undefined;
  }
}
