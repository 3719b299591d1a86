/**
 * The configuration after parsing: one spelling of every key, one form of every value. What `parseConfig` returns,
 * `createAuth` and the MCP connection take.
 */
import type { Auth, AuthFunction, HeadersFunction } from "../schemes/auth.ts";
import type { SecretInput } from "../secrets/source.ts";

/** A parsed configuration: named servers, in the order they were written. */
export interface Config {
  readonly mcpServers: Readonly<Record<string, ServerConfig>>;
}

/** One server of a parsed configuration; `kind` says how it is reached. */
export type ServerConfig = HttpServerConfig | StdioServerConfig;

/** A server reached over HTTP. */
export interface HttpServerConfig {
  readonly kind: "http";
  /** Absolute `http:` or `https:` URL, as written. */
  readonly url: string;
  /** `auto` is Streamable HTTP, then SSE for servers that are older than it. */
  readonly transport: "auto" | "http" | "sse";
  /** Static headers, names as written; in code also a function that is asked for them before each request. */
  readonly headers: Readonly<Record<string, SecretInput>> | HeadersFunction;
  /** How to authenticate. `undefined`: anonymously, signing in when the server asks for it. */
  readonly auth: AuthSetting | undefined;
  /** Certificates for this server. Node only. */
  readonly tls?: TlsConfig;
  /** The proxy to this server; `false` is none. Default: what the environment variables say. Node only. */
  readonly proxy?: ProxyConfig | false;
  /** Leave this server out when all servers are connected. It can still be connected by name. */
  readonly disabled?: true;
}

/**
 * Certificates for one server. Texts are PEM; what was written as a path is a `file` source. The client certificate is
 * shown to the origin of the server's URL alone.
 */
export interface TlsConfig {
  /** Client certificate, then any intermediate ones. Comes with `key`. */
  readonly cert?: SecretInput;
  readonly key?: SecretInput;
  /** The CAs that the server's certificate may come from, in place of the public ones. */
  readonly ca?: SecretInput;
  readonly passphrase?: SecretInput;
  /** The name that the server's certificate must have. Default: the host of the URL. */
  readonly servername?: string;
}

/** An HTTP proxy, and how to sign in there (Basic, RFC 7617). */
export interface ProxyConfig {
  readonly url: string;
  readonly username?: string;
  readonly password?: SecretInput;
}

/** A server started as a child process. Its credential goes in `env`. */
export interface StdioServerConfig {
  readonly kind: "stdio";
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, SecretInput>>;
  readonly cwd?: string;
  /** Leave this server out when all servers are connected. It can still be connected by name. */
  readonly disabled?: true;
}

/** What `auth` may be: a parsed entry, or in code an {@link Auth} or a function. */
export type AuthSetting = AuthConfig | Auth | AuthFunction;

/** A parsed `auth` entry. */
export type AuthConfig =
  | NoAuthConfig
  | BearerConfig
  | BasicConfig
  | DigestConfig
  | ApiKeyConfig
  | HeadersConfig
  | SignatureConfig
  | HttpSignatureConfig
  | AwsSigV4Config
  | OAuthConfig;

/** Never authenticate, not even when the server asks. */
export interface NoAuthConfig {
  readonly type: "none";
}

/** RFC 6750 bearer token. */
export interface BearerConfig {
  readonly type: "bearer";
  readonly token: SecretInput;
}

/** RFC 7617, UTF-8. */
export interface BasicConfig {
  readonly type: "basic";
  readonly username: string;
  readonly password: SecretInput;
}

/** RFC 7616. */
export interface DigestConfig {
  readonly type: "digest";
  readonly username: string;
  readonly password: SecretInput;
}

/** A key in a header, a query parameter or a cookie. */
export interface ApiKeyConfig {
  readonly type: "apiKey";
  readonly key: SecretInput;
  /** Name of the header, parameter or cookie. Default `X-API-Key`. */
  readonly name: string;
  readonly in: "header" | "query" | "cookie";
  /** Written before the key: `"Token "` sends `Token <key>`. */
  readonly prefix?: string;
}

/** Several headers at once. */
export interface HeadersConfig {
  readonly type: "headers";
  readonly headers: Readonly<Record<string, SecretInput>>;
}

/** HMAC over method, path and timestamp. */
export interface SignatureConfig {
  readonly type: "signature";
  readonly apiKey: SecretInput;
  readonly apiSecret: SecretInput;
  readonly algorithm: "sha256" | "sha384" | "sha512";
  readonly encoding?: "hex" | "base64";
  readonly keyHeader?: string;
  readonly timestampHeader?: string;
  readonly signatureHeader?: string;
  /** Sent when the message has a `{nonce}`. */
  readonly nonceHeader?: string;
  /** Template of the signed text: `{method}`, `{path}`, `{query}`, `{timestamp}`, `{nonce}`, `{body}` and `{bodyHash}` are filled in. */
  readonly message?: string;
}

/** RFC 9421 message signatures, with RFC 9530 `Content-Digest`. */
export interface HttpSignatureConfig {
  readonly type: "httpSignature";
  readonly keyId: string;
  /** PEM or JWK of the signing key. */
  readonly key: SecretInput;
  readonly algorithm?: "ed25519" | "ecdsa-p256-sha256" | "rsa-pss-sha512" | "hmac-sha256";
  readonly components?: readonly string[];
  readonly label?: string;
  readonly tag?: string;
  /** Lifetime of a signature in seconds. */
  readonly expiresIn?: number;
}

/** AWS Signature Version 4. */
export interface AwsSigV4Config {
  readonly type: "awsSigV4";
  /** Default: the environment variable `AWS_REGION`. */
  readonly region?: string;
  readonly service: string;
  readonly accessKeyId?: SecretInput;
  readonly secretAccessKey?: SecretInput;
  readonly sessionToken?: SecretInput;
}

/** OAuth 2.1. */
export interface OAuthConfig {
  readonly type: "oauth";
  readonly clientId?: string;
  readonly clientSecret?: SecretInput;
  readonly clientAuthentication?: "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";
  readonly privateKey?: SecretInput;
  readonly clientMetadataUrl?: string;
  readonly clientName?: string;
  readonly scope?: string;
  readonly grant?: "authorization_code" | "client_credentials" | "device_code" | "jwt_bearer" | "enterprise";
  readonly dpop?: boolean | { readonly algorithm?: string };
  readonly callbackPort?: number;
  readonly callbackUrl?: string;
  readonly redirectPath?: string;
  readonly strictPort?: boolean;
  readonly issuer?: string;
  readonly resource?: string;
  /** The authorization server's metadata (RFC 8414), for servers that do not publish it. */
  readonly oauthProvider?: Readonly<Record<string, unknown>>;
  readonly assertion?: SecretInput;
  readonly idp?: {
    readonly issuer?: string;
    readonly tokenEndpoint?: string;
    readonly clientId: string;
    readonly clientSecret?: SecretInput;
    readonly idToken: SecretInput;
  };
  readonly legacyDiscovery?: boolean;
  readonly allowInsecure?: boolean;
}
