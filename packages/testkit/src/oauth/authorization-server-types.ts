/**
 * What the authorization server of the tests can be told to be.
 */
import type { SignInOptions } from "./browser.ts";
import type { RequestLog } from "./request-log.ts";

/** A client that the server knows without registration. */
export interface PreRegisteredClient {
  readonly clientId: string;
  /** Default `"none"`. */
  readonly authentication?: "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";
  readonly clientSecret?: string;
  /** Public keys of a `private_key_jwt` client. */
  readonly jwks?: { readonly keys: readonly object[] };
  /** Default: any port of `http://127.0.0.1/callback`, as a native client (RFC 8252 §7.3). */
  readonly redirectUris?: readonly string[];
  /** Default: authorization code and refresh; with authentication client credentials too; with `deviceFlow` device codes. */
  readonly grantTypes?: readonly string[];
  /** Whether it may have DPoP-bound tokens only. Default false. */
  readonly dpopBound?: boolean;
}

/** Every option changes one thing of a server that has everything. */
export interface TestAuthorizationServerOptions {
  /** Path of the issuer, such as `"/tenant"`. Default: none. */
  readonly issuerPath?: string;
  /**
   * The metadata documents there are: RFC 8414 with the well-known name before the path, OpenID Connect with it before the
   * path and with it after the path. Default: all.
   */
  readonly wellKnown?: readonly ("oauth" | "openid-inserted" | "openid")[];
  /** Changes the metadata document before it is served. */
  readonly changeMetadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
  /** Open dynamic client registration (RFC 7591). Default true. */
  readonly registration?: boolean;
  /** Client id metadata documents by URL; any other URL is answered with 404. Default: the feature is off. */
  readonly clientMetadataDocuments?: Readonly<Record<string, object>>;
  readonly clients?: readonly PreRegisteredClient[];
  /** Default true. */
  readonly clientCredentials?: boolean;
  /** Default true. */
  readonly deviceFlow?: boolean;
  /** DPoP (RFC 9449): not there, there, or there with nonces required. Default `"on"`. */
  readonly dpop?: "off" | "on" | "nonce";
  /** When a client with the `refresh_token` grant gets a refresh token. Default `"always"`. */
  readonly refreshTokens?: "always" | "offline_access" | "never";
  /** Whether each refresh retires the token that was used, and the use of a retired one its whole family. Default true. */
  readonly rotateRefreshTokens?: boolean;
  /** Scopes of its resources. Default `["mcp:read", "mcp:write"]`. `offline_access` is added to what it advertises. */
  readonly scopes?: readonly string[];
  /** Resources it issues tokens for (RFC 8707); `invalid_target` for any other. Default: whatever is asked for. */
  readonly resources?: readonly string[];
  /** Default `"jwt"`. */
  readonly accessTokens?: "jwt" | "opaque";
  /** Lifetime in seconds. Default 3600. */
  readonly accessTokenSeconds?: number;
  /** Lifetime in seconds. Default 86400. */
  readonly refreshTokenSeconds?: number;
  /** Default true. */
  readonly revocation?: boolean;
}

/** What the server says of an access token that is good. */
export interface VerifiedToken {
  readonly scopes: readonly string[];
  readonly audience: string | undefined;
  readonly clientId: string;
  readonly subject: string | undefined;
  /** Thumbprint of the key it is bound to (RFC 9449 §6). */
  readonly keyThumbprint: string | undefined;
}

/** A real authorization server on 127.0.0.1, and what a test may do to it. */
export interface TestAuthorizationServer extends RequestLog {
  /** Its issuer identifier, to the letter. */
  readonly issuer: string;
  readonly port: number;
  /** Errors of the server itself: a test that leaves any here has found a mistake of the testkit. */
  readonly failures: readonly unknown[];
  /**
   * Sign in and consent, at the pages that a browser would see.
   *
   * @param url - the authorization URL.
   * @returns the redirect URI with the response.
   */
  signIn(url: string | URL, options?: SignInOptions): Promise<URL>;
  /** Enter a user code at the verification page, sign in and consent or refuse (RFC 8628 §3.3). */
  enterUserCode(verificationUri: string | URL, userCode: string, options?: SignInOptions): Promise<void>;
  /** What an access token is worth; `undefined` when it is none, expired or revoked. Opaque ones are introspected. */
  verify(token: string): Promise<VerifiedToken | undefined>;
  /** Make every access token so far worthless; refresh tokens live on. */
  expireAccessTokens(): void;
  /** Make every refresh token so far worthless; access tokens live on. */
  killRefreshTokens(): void;
  /** Forget clients that were registered, or this client: it is `invalid_client` from now on. */
  killClients(clientId?: string): void;
  /** Ids of the clients that registered and were not forgotten. */
  registeredClients(): readonly string[];
  /** Stop, and drop every socket. */
  close(): Promise<void>;
}
