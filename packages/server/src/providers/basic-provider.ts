/**
 * Users with passwords: RFC 7617. Only scrypt hashes are kept, an unknown user takes as long as a wrong password, and
 * guesses wait for each other.
 */
import { SallyportError } from "@sallyport/auth-core";
import { PasswordChecker } from "../passwords/checker.ts";
import { type PasswordHash, parseHash, unknownHash } from "../passwords/hash.ts";
import { AccessToken, type AccessTokenInit } from "../token/access-token.ts";
import type { VerifyContext } from "./auth-provider.ts";
import { BasicAuthProvider, type BasicAuthProviderOptions } from "./basic-auth-provider.ts";

/** A user: the hash of the password, and what the user may do. `expiresAt` is in seconds since 1970. */
export interface BasicUser extends Omit<AccessTokenInit, "token" | "subject"> {
  /** What `hashPassword` gave. */
  readonly passwordHash: string;
}

/** Users by name, or where to look one up. */
export type BasicUsers =
  | Readonly<Record<string, BasicUser>>
  | ((username: string) => BasicUser | undefined | Promise<BasicUser | undefined>);

/**
 * A provider that accepts these users with `Authorization: Basic`. The caller's `subject` is the user name; `token` is
 * `basic:<user name>`, which no request can present, and never the password.
 *
 * - A client sends the password with every request. The first time it is hashed (about a quarter of a second, 32 MiB); while
 *   the stored hash stays the same, it is then known by a keyed fingerprint. A changed or removed user counts at once.
 * - Two passwords are hashed at a time and 32 more wait; beyond that clients get 503. Users who are known are not held up.
 * - An unknown user takes as long as a wrong password, as long as all hashes have the same parameters.
 *
 * Passwords that are sent need TLS; guessing is best slowed down in front of the server too.
 *
 * @throws SallyportError (`config_invalid`) when a hash is none, or a name could never be sent.
 *
 * @example
 * ```ts
 * import { basicProvider, MCPServer } from "@sallyport/server";
 *
 * const ada = { passwordHash: "$scrypt$ln=15,r=8,p=3$X2hjy0uZX4PX1NoVGVuDGA$zhhUd0R/gQSwITUBS/FtJDxMn9nfzGbG2wdRt/7d7zU", scopes: ["mail.read"] };
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: basicProvider({ ada }) });
 * ```
 */
export function basicProvider(users: BasicUsers, options: BasicAuthProviderOptions = {}): BasicAuthProvider {
  return new Users(users, options);
}

class Users extends BasicAuthProvider {
  readonly #find: (username: string) => Promise<BasicUser | undefined>;
  readonly #checker: PasswordChecker = new PasswordChecker({ running: 2, waiting: 32, remembered: 1000 });
  readonly #nobody: PasswordHash;

  constructor(users: BasicUsers, options: BasicAuthProviderOptions) {
    super(options);
    if (typeof users === "function") {
      this.#find = async (username) => users(username);
      this.#nobody = unknownHash();
      return;
    }
    const list = Object.entries(users).map(([name, user], index) => [checkedName(name, index), user] as const);
    if (list.length === 0) throw new SallyportError("config_invalid", "basicProvider: give at least one user.");
    // What cannot be used fails now, not at the first request.
    const hashes = list.map(([name, user]) => {
      tokenOf(name, user);
      return hashOf(name, user);
    });
    const byName = new Map(list);
    this.#find = async (username) => byName.get(username);
    this.#nobody = unknownHash(hashes[0]);
  }

  override async verifyPassword(
    username: string,
    password: string,
    { signal }: VerifyContext,
  ): Promise<AccessToken | null> {
    const user = await this.#find(username);
    const stored = user === undefined ? this.#nobody : hashOf(username, user);
    const right = await this.#checker.check(username, password, stored, signal);
    return right && user !== undefined ? tokenOf(username, user) : null;
  }
}

function checkedName(name: string, index: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 §2 forbids them.
  if (!/[\x00-\x1f\x7f:]/.test(name)) return name.normalize("NFC");
  throw new SallyportError(
    "config_invalid",
    `basicProvider: user ${index + 1} has a name with a colon, a line break or another control character, which no client can send.`,
  );
}

function hashOf(name: string, { passwordHash }: BasicUser): PasswordHash {
  return parseHash(passwordHash, `basicProvider: the passwordHash of ${JSON.stringify(name)}`);
}

function tokenOf(username: string, { claims, scopes, expiresAt }: BasicUser): AccessToken {
  const grant = { ...(claims !== undefined && { claims }), ...(scopes !== undefined && { scopes }), expiresAt };
  return new AccessToken({ ...grant, subject: username, token: `basic:${username}` });
}
