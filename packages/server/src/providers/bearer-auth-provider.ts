/**
 * What a server must know to judge bearer tokens: how to verify one, and what to tell a client that has none.
 * Extend it, or use a ready provider. RFC 6750 §3, RFC 9728 §5.1.
 */
import { ResourceMetadata, type ResourceMetadataOptions } from "../metadata/resource-metadata.ts";
import type { AccessToken } from "../token/access-token.ts";
import { AuthProvider, type AuthProviderOptions, type VerifyContext } from "./auth-provider.ts";

/** What every provider of tokens may be given. */
export interface BearerAuthProviderOptions extends AuthProviderOptions {
  /**
   * Metadata to publish (RFC 9728): the server answers for it in front of the gate, and challenges name it. Default: none.
   * Give `resourceMetadata` instead when somebody else publishes it.
   */
  readonly metadata?: ResourceMetadataOptions;
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
export abstract class BearerAuthProvider extends AuthProvider {
  /** What is published about the server; `undefined` when nothing is. */
  readonly metadata: ResourceMetadata | undefined;

  constructor(options: BearerAuthProviderOptions = {}) {
    const { metadata, scopes = [] } = options;
    const published = metadata && new ResourceMetadata({ scopesSupported: scopes, ...metadata });
    const resourceMetadata = options.resourceMetadata ?? published?.url;
    super({ ...options, ...(resourceMetadata !== undefined && { resourceMetadata }) });
    this.metadata = published;
  }

  /**
   * Whether a token is this provider's, as far as it shows: `true` and `false` are final, `undefined` means that it would have
   * to be verified. `anyOf` asks this to find the one provider that a token is for.
   *
   * @param issuer - the claim `iss` of a token that looks like a JWT, unverified; `undefined` for any other token.
   */
  owns(_token: string, _issuer: string | undefined): boolean | undefined {
    return undefined;
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
