/**
 * What a server must know to judge bearer tokens: how to verify one, and what to tell a client that has none.
 * Extend it, or use a ready provider. RFC 6750 §3, RFC 9728 §5.1.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { AccessToken } from "../token/access-token.ts";
import { checkScopes } from "../token/scopes.ts";

/** What every provider may be given. */
export interface BearerAuthProviderOptions {
  /** Name of the protected area, shown in challenges. Default `mcp`, left out where `resourceMetadata` speaks for it. */
  readonly realm?: string;
  /** URL of the RFC 9728 metadata document of this server, for challenges. Default: none. */
  readonly resourceMetadata?: string | URL;
  /** Scopes that every request needs. Default: none. */
  readonly scopes?: readonly string[];
}

/** What {@link BearerAuthProvider.verifyToken} may use. */
export interface VerifyContext {
  /** Aborted when the answer has come too late to be used. Hand it to `fetch`. */
  readonly signal: AbortSignal;
}

/**
 * Verifies bearer tokens. Extend it with a `verifyToken` of your own.
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be sent in a challenge.
 *
 * @example
 * ```ts
 * import { AccessToken, BearerAuthProvider, MCPServer } from "@sallyport/server";
 *
 * declare const sessions: { find(id: string): Promise<{ email: string; ends: number } | undefined> };
 *
 * class SessionAuth extends BearerAuthProvider {
 *   async verifyToken(token: string): Promise<AccessToken | null> {
 *     const session = await sessions.find(token);
 *     if (session === undefined) return null;
 *     return new AccessToken({ token, claims: { sub: session.email }, scopes: ["read"], expiresAt: session.ends });
 *   }
 * }
 *
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth: new SessionAuth({ scopes: ["read"] }) });
 * ```
 */
export abstract class BearerAuthProvider {
  readonly realm: string | undefined;
  readonly resourceMetadata: string | undefined;
  readonly scopes: readonly string[];

  constructor(options: BearerAuthProviderOptions = {}) {
    const { realm, resourceMetadata, scopes = [] } = options;
    if (realm !== undefined && !/^[\x20-\x7e]+$/.test(realm)) {
      throw new SallyportError("config_invalid", "realm: must be printable ASCII. It is sent in WWW-Authenticate.");
    }
    this.realm = realm;
    this.resourceMetadata = resourceMetadata === undefined ? undefined : metadataUrl(resourceMetadata);
    this.scopes = checkScopes(scopes, "scopes");
  }

  /**
   * Judge a token.
   *
   * @param token - as presented: 1 to 16,384 characters of RFC 6750's `b64token`, never logged by Sallyport.
   * @param context - the deadline, as an `AbortSignal`.
   * @returns what the token stands for, or `null` when it is not valid. An expired `AccessToken` counts as not valid.
   * @throws anything, when it cannot be judged: the client gets 503 with `Retry-After` and keeps its token. Return `null`
   *   for a bad token; a thrown error never becomes a 401.
   */
  abstract verifyToken(token: string, context: VerifyContext): Promise<AccessToken | null>;
}

function metadataUrl(input: string | URL): string {
  const text = String(input);
  if (!URL.canParse(text) || !/^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)) {
    throw new SallyportError("config_invalid", "resourceMetadata: must be an absolute http or https URL.");
  }
  return text;
}
