/**
 * A fixed list of tokens, for development and for a handful of machine callers. Only their SHA-256 is kept, and every
 * entry is compared with every presented token: the time taken says nothing about which one matched.
 */
import { SallyportError } from "@sallyport/auth-core";
import { AccessToken, type AccessTokenInit } from "../token/access-token.ts";
import { isBearerToken } from "../token/bearer-token.ts";
import { BearerAuthProvider, type BearerAuthProviderOptions } from "./bearer-auth-provider.ts";

/** What a token of the list stands for. `expiresAt` is in seconds since 1970. */
export type TokenGrant = Omit<AccessTokenInit, "token">;

/**
 * A provider that accepts exactly these tokens.
 *
 * @throws SallyportError (`config_invalid`) when the list is empty or a token could never be sent as a bearer token.
 *
 * @example
 * ```ts
 * import { MCPServer, staticTokens } from "@sallyport/server";
 *
 * const auth = staticTokens({
 *   "demo-token": { subject: "ada", scopes: ["mail.read"] },
 *   "ops-token": { subject: "ops", scopes: ["mail.read", "mail.send"], claims: { team: "ops" } },
 * });
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth });
 * ```
 */
export function staticTokens(
  tokens: Readonly<Record<string, TokenGrant>>,
  options?: BearerAuthProviderOptions,
): BearerAuthProvider {
  return new StaticTokens(Object.entries(tokens), "staticTokens", options);
}

/** The list behind {@link staticTokens} and `envTokens`. `origin` names it in messages. */
export class StaticTokens extends BearerAuthProvider {
  readonly #entries: Promise<readonly Entry[]>;

  constructor(
    tokens: readonly (readonly [token: string, grant: TokenGrant])[],
    origin: string,
    options?: BearerAuthProviderOptions,
  ) {
    super(options);
    if (tokens.length === 0) throw new SallyportError("config_invalid", `${origin}: give at least one token.`);
    for (const [index, [token, grant]] of tokens.entries()) {
      if (!isBearerToken(token)) {
        throw new SallyportError(
          "config_invalid",
          `${origin}: token ${index + 1} cannot be sent as a bearer token. Use letters, digits and -._~+/ only.`,
        );
      }
      // A grant that cannot be used fails now, not at the first request.
      new AccessToken({ ...grant, token });
    }
    this.#entries = Promise.all(tokens.map(async ([token, grant]) => ({ digest: await sha256(token), grant })));
  }

  override async verifyToken(token: string): Promise<AccessToken | null> {
    const presented = await sha256(token);
    let match: TokenGrant | undefined;
    for (const { digest, grant } of await this.#entries) {
      if (equalDigests(digest, presented)) match = grant;
    }
    return match === undefined ? null : new AccessToken({ ...match, token });
  }
}

interface Entry {
  readonly digest: Uint8Array;
  readonly grant: TokenGrant;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

// All 32 bytes, whatever the first ones say.
function equalDigests(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}
