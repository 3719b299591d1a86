/**
 * A key in a cookie, beside the cookies that the request already has: RFC 6265 §4.1.1, §4.2.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { isToken } from "../http/token.ts";
import { Secret } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import { HeaderAuth } from "./header-auth.ts";
import type { KeyOptions } from "./options.ts";

/**
 * Sends a key as a cookie with every request. Not in browsers, where code cannot set cookies of a request.
 *
 * @example
 * ```ts
 * import { CookieAuth, createAuthFetch } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new CookieAuth("s-1", "session"));
 * ```
 */
export class CookieAuth extends HeaderAuth {
  /**
   * @throws SallyportError `config_invalid` when `name` is not the name of a cookie; `credential_source_failed` when
   * the key cannot stand in one.
   */
  constructor(key: SecretInput, name: string, options: KeyOptions = {}) {
    if (!isToken(name))
      throw new SallyportError("config_invalid", `${quoteForeign(name)} is not the name of a cookie.`);
    const prefix = options.prefix ?? "";
    const secret = new Secret(key, options.secrets, (text) =>
      isCookieValue(prefix + text) && text !== ""
        ? prefix + text
        : { problem: `for the cookie ${name} is empty or holds a character that a cookie cannot carry` },
    );
    super([{ name: "Cookie", secret, join: (others, value) => withCookie(others, name, value) }]);
  }
}

function isCookieValue(text: string): boolean {
  return /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(text);
}

function withCookie(others: string | null, name: string, value: string): string {
  if (others === null || others === "") return `${name}=${value}`;
  const rival = others
    .split(";")
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`));
  if (rival === undefined) return `${others}; ${name}=${value}`;
  if (rival === `${name}=${value}`) return others;
  throw new SallyportError(
    "config_conflict",
    `The cookie ${name} is set twice with different values: by the request's own Cookie header and by the auth scheme. Remove one of them.`,
  );
}
