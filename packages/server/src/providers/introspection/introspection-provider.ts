/**
 * A provider that asks the authorization server about every token: RFC 7662.
 */
import type { AccessToken } from "../../token/access-token.ts";
import { IssuerMetadata } from "../../verification/issuer-metadata.ts";
import { BearerAuthProvider, type BearerAuthProviderOptions } from "../bearer-auth-provider.ts";
import { type IntrospectionChecks, IntrospectionVerifier } from "./introspection-verifier.ts";

/** Options of {@link introspectionProvider}. */
export interface IntrospectionProviderOptions extends BearerAuthProviderOptions, IntrospectionChecks {
  /** Who issues the tokens. Needed unless `endpoint` is given; a response that names another one is refused. */
  readonly issuer?: string;
}

/**
 * A provider that asks the authorization server about every token, for opaque tokens and for those that can be revoked.
 *
 * Only `active: true` is a yes, and `aud`, `iss`, `exp` and `nbf` are checked here too. An answer is remembered for a minute
 * (`cache.maxAgeMs`), a no for five seconds, never beyond `exp`: a token that is revoked is refused after that. When the server
 * does not answer, answers too late or with anything but an answer, clients get 503 and keep their tokens (I62-03).
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be used.
 *
 * @example
 * ```ts
 * import { introspectionProvider, MCPServer } from "@sallyport/server";
 *
 * const auth = introspectionProvider({
 *   issuer: "https://as.example.com",
 *   audience: "https://mcp.example.com/mcp",
 *   clientId: "mcp-server",
 *   clientSecret: process.env["INTROSPECTION_SECRET"] ?? "",
 * });
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth });
 * ```
 */
export function introspectionProvider(options: IntrospectionProviderOptions): BearerAuthProvider {
  return new IntrospectionProvider(options);
}

class IntrospectionProvider extends BearerAuthProvider {
  readonly #issuer: string | undefined;
  readonly #verifier: IntrospectionVerifier;

  constructor(options: IntrospectionProviderOptions) {
    super(options);
    const { issuer } = options;
    this.#issuer = issuer;
    this.#verifier = new IntrospectionVerifier(
      issuer === undefined ? undefined : new IssuerMetadata(issuer, options),
      options,
    );
  }

  override owns(_token: string, issuer: string | undefined): boolean | undefined {
    // An opaque token names nobody.
    return issuer === undefined || this.#issuer === undefined ? undefined : issuer === this.#issuer;
  }

  override verifyToken(token: string): Promise<AccessToken | null> {
    return this.#verifier.verify(token);
  }
}
