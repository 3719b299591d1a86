/**
 * The provider for a server in front of an OAuth authorization server: it finds out how the tokens are verified, and tells
 * clients where to get them. MCP authorization, RFC 9728, RFC 8414.
 */
import type { ResourceMetadataOptions } from "../metadata/resource-metadata.ts";
import type { AccessToken } from "../token/access-token.ts";
import { looksLikeJwt } from "../token/named-issuer.ts";
import { IssuerMetadata } from "../verification/issuer-metadata.ts";
import { BearerAuthProvider } from "./bearer-auth-provider.ts";
import type { IntrospectionRequestOptions } from "./introspection/introspection-request.ts";
import { IntrospectionVerifier } from "./introspection/introspection-verifier.ts";
import type { JwtProviderOptions } from "./jwt/jwt-provider.ts";
import { JwtVerifier } from "./jwt/jwt-verifier.ts";

/** Options of {@link oauthProvider}. */
export interface OAuthProviderOptions extends Omit<JwtProviderOptions, "audience" | "metadata"> {
  /** The authorization server, to the letter of its issuer identifier. */
  readonly issuer: string;
  /** The URL of the MCP endpoint as clients know it, to the letter. */
  readonly resource: string;
  /** What the tokens call this server. Default: the resource, as it is with authorization servers that know RFC 8707. */
  readonly audience?: string | readonly string[];
  /** Credentials for the introspection endpoint, when the tokens are opaque. Default: only JWTs are accepted. */
  readonly introspection?: IntrospectionRequestOptions & { readonly endpoint?: string | URL };
  /** What else the metadata says, and the scopes in it. */
  readonly metadata?: Partial<ResourceMetadataOptions>;
  /** Serve the metadata of the authorization server here again, for clients of 2025-03-26. Default false. */
  readonly mirrorIssuer?: boolean;
}

/**
 * A provider for the tokens of an authorization server.
 *
 * The server's metadata is read when the first token comes. JWTs are verified with its keys, as by `jwtProvider`; any other
 * token is introspected, if there are credentials for it. RFC 9728 metadata is published at the path form and the root form of
 * `resource`, in front of the gate, and challenges name it: clients find the authorization server by themselves.
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be used.
 *
 * @example
 * ```ts
 * import { MCPServer, oauthProvider } from "@sallyport/server";
 *
 * const auth = oauthProvider({
 *   issuer: "https://as.example.com",
 *   resource: "https://mcp.example.com/mcp",
 *   scopes: ["mcp:read"],
 * });
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth });
 * ```
 */
export function oauthProvider(options: OAuthProviderOptions): BearerAuthProvider {
  return new OAuthProvider(options);
}

class OAuthProvider extends BearerAuthProvider {
  readonly #metadata: IssuerMetadata;
  readonly #signed: JwtVerifier;
  readonly #introspected: IntrospectionVerifier | undefined;
  readonly #keysAreKnown: boolean;

  constructor(options: OAuthProviderOptions) {
    const { issuer, resource, audience = resource, introspection, metadata, mirrorIssuer = false, ...rest } = options;
    const server = new IssuerMetadata(issuer, options);
    super({
      ...rest,
      metadata: {
        ...(rest.scopes !== undefined && { scopesSupported: rest.scopes }),
        ...metadata,
        resource,
        authorizationServers: [issuer],
        ...(mirrorIssuer && { authorizationServerMetadata: () => server.document() }),
      },
    });
    this.#metadata = server;
    this.#signed = new JwtVerifier(server, { ...rest, audience });
    this.#introspected = introspection && new IntrospectionVerifier(server, { ...rest, ...introspection, audience });
    this.#keysAreKnown = options.jwksUri !== undefined || introspection === undefined;
  }

  override owns(_token: string, issuer: string | undefined): boolean | undefined {
    if (issuer !== undefined) return issuer === this.#metadata.issuer;
    return this.#introspected === undefined ? false : undefined;
  }

  override async verifyToken(token: string): Promise<AccessToken | null> {
    if (looksLikeJwt(token) && (await this.#hasKeys())) return this.#signed.verify(token);
    return this.#introspected?.verify(token) ?? null;
  }

  async #hasKeys(): Promise<boolean> {
    return this.#keysAreKnown || (await this.#metadata.url("jwks_uri")) !== undefined;
  }
}
