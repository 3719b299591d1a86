/**
 * What a server must know to judge user names and passwords: RFC 7617. The counterpart of `BearerAuthProvider`.
 */
import type { AccessToken } from "../token/access-token.ts";
import { AuthProvider, type AuthProviderOptions, type VerifyContext } from "./auth-provider.ts";

/** Options of every provider of passwords. */
export type BasicAuthProviderOptions = Omit<AuthProviderOptions, "resourceMetadata">;

/**
 * Verifies user names and passwords. Extend it with a `verifyPassword` of your own, or use `basicProvider`.
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be sent in a challenge.
 *
 * @example
 * ```ts
 * import { AccessToken, BasicAuthProvider, MCPServer } from "@sallyport/server";
 *
 * declare const directory: { bind(user: string, password: string): Promise<{ groups: string[] } | undefined> };
 *
 * class DirectoryAuth extends BasicAuthProvider {
 *   async verifyPassword(username: string, password: string): Promise<AccessToken | null> {
 *     const entry = await directory.bind(username, password);
 *     if (entry === undefined) return null;
 *     return new AccessToken({ token: `basic:${username}`, subject: username, scopes: entry.groups });
 *   }
 * }
 *
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: new DirectoryAuth() });
 * ```
 */
export abstract class BasicAuthProvider extends AuthProvider {
  constructor(options: BasicAuthProviderOptions = {}) {
    super(options);
  }

  /**
   * Judge a user name and a password.
   *
   * @param username - without control characters or a colon, in Unicode normalization form C.
   * @param password - without control characters, in Unicode normalization form C, never logged by Sallyport.
   * @param context - the deadline, as an `AbortSignal`.
   * @returns who is calling, or `null` when the password is not this user's. Do not put it into the token's `token`.
   * @throws anything, when it cannot be judged: the client gets 503 with `Retry-After`.
   */
  abstract verifyPassword(username: string, password: string, context: VerifyContext): Promise<AccessToken | null>;
}
