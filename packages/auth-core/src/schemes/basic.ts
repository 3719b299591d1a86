/**
 * User name and password: `Authorization: Basic`, RFC 7617, in UTF-8.
 */
import { SallyportError } from "../errors.ts";
import { byteString } from "../http/byte-string.ts";
import { hasControlCharacter } from "../http/token.ts";
import { Secret, type SecretWriter } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import { HeaderAuth } from "./header-auth.ts";
import type { SecretOptions } from "./options.ts";

/**
 * Sends a user name and a password with every request, in UTF-8 (RFC 7617). Either may be empty.
 *
 * @example
 * ```ts
 * import { BasicAuth, createAuthFetch } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new BasicAuth("ana", () => "correct horse"));
 * ```
 */
export class BasicAuth extends HeaderAuth {
  /**
   * @throws SallyportError `config_invalid` when the user name holds a colon, which would end it, or a control character;
   * `credential_source_failed` when the password holds a control character.
   */
  constructor(username: string, password: SecretInput, options: SecretOptions = {}) {
    if (username.includes(":")) {
      throw new SallyportError(
        "config_invalid",
        "A user name for basic authentication cannot contain a colon: the server would take what follows it for the password (RFC 7617 §2).",
      );
    }
    if (hasControlCharacter(username)) {
      throw new SallyportError(
        "config_invalid",
        "A user name for basic authentication cannot contain line breaks or other control characters (RFC 7617 §2).",
      );
    }
    super([{ name: "Authorization", secret: new Secret(password, options.secrets, basicWriter(username)) }]);
  }
}

function basicWriter(username: string): SecretWriter {
  return (password) => {
    if (hasControlCharacter(password)) {
      return { problem: "cannot be a password: it contains a line break or another control character" };
    }
    // RFC 7617 §2.1: UTF-8 in normalization form C.
    return `Basic ${btoa(byteString(`${username}:${password}`.normalize("NFC")))}`;
  };
}
