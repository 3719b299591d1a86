/**
 * Bearer tokens: `Authorization: Bearer <token>`, RFC 6750 §2.1.
 */
import { Secret, type SecretWriter } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import { HeaderAuth } from "./header-auth.ts";
import type { SecretOptions } from "./options.ts";

/**
 * Sends a bearer token with every request (RFC 6750 §2.1, TOK-01).
 *
 * @example
 * ```ts
 * import { BearerAuth, createAuthFetch } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new BearerAuth("demo-token"));
 * const response = await fetch("http://127.0.0.1:8000/mcp");
 * ```
 */
export class BearerAuth extends HeaderAuth {
  /**
   * @param token - the token, where it is kept, or a function that is asked before every request.
   * @throws SallyportError `credential_source_failed` when the token holds anything but visible ASCII characters.
   */
  constructor(token: SecretInput, options: SecretOptions = {}) {
    super([{ name: "Authorization", secret: new Secret(token, options.secrets, writeBearer) }]);
  }
}

const writeBearer: SecretWriter = (token) => {
  if (token === "") return { problem: "is empty: it should be a bearer token" };
  if (/^bearer\s/i.test(token)) {
    return { problem: "begins with the scheme's name: give the bearer token alone, without `Bearer` before it" };
  }
  if (/^(["']).*\1$/.test(token)) return { problem: "is in quotes: give the bearer token without them" };
  // Every token of RFC 6750 §2.1 is visible ASCII; white space would end it early.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { problem: "is not a bearer token: it contains a line break, white space or a character beyond ASCII" };
  }
  return `Bearer ${token}`;
};
