/**
 * The `user-pass` of RFC 7617 §2: a user name, a colon, a password. In `Authorization: Basic`, and over stdio in the
 * environment.
 */

/** A user name without a colon, and a password. In Unicode normalization form C. */
export interface UserPass {
  readonly username: string;
  readonly password: string;
}

/** Take a `user-pass` apart; `undefined` when it is none. */
export function parseUserPass(text: string | undefined): UserPass | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 §2 forbids them.
  if (text === undefined || !text.includes(":") || /[\x00-\x1f\x7f]/.test(text)) return undefined;
  const normal = text.normalize("NFC");
  const colon = normal.indexOf(":");
  return { username: normal.slice(0, colon), password: normal.slice(colon + 1) };
}
