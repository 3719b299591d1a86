/**
 * A provider for JWT access tokens: RFC 9068, and what issuers write that came before it.
 */
import type { AccessToken } from "../../token/access-token.ts";
import { IssuerMetadata } from "../../verification/issuer-metadata.ts";
import type { VerificationCacheOptions } from "../../verification/verification-cache.ts";
import { BearerAuthProvider, type BearerAuthProviderOptions } from "../bearer-auth-provider.ts";
import { JwtVerifier } from "./jwt-verifier.ts";

/** Options of {@link jwtProvider}. */
export interface JwtProviderOptions extends BearerAuthProviderOptions {
  /** Who issues the tokens: the claim `iss`, character by character (J68-02). */
  readonly issuer: string;
  /**
   * What this server is called by the tokens: its URL, as clients send it in `resource` (J68-03, TOK-05). A token that has one
   * of them is for this server. Names that other servers of the issuer have too, such as `api`, let their tokens in (TOK-08).
   */
  readonly audience: string | readonly string[];
  /** The claim that holds the audience. Default `aud`. */
  readonly audienceClaim?: string;
  /** Where the issuer's keys are. Default: what its metadata says (RFC 8414, OpenID Connect Discovery). */
  readonly jwksUri?: string | URL;
  /** Signature algorithms to accept. Default: the asymmetric ones. `none`, `HS256` and its like cannot be accepted (J68-04). */
  readonly algorithms?: readonly string[];
  /**
   * The header `typ`. Default `at+jwt`; `false` for issuers that do not mark access tokens. Tell their ID tokens apart with
   * `requiredClaims` then, unless their audience is another one anyway (J68-01).
   */
  readonly typ?: string | false;
  /** By how much the clocks may differ, in seconds, up to 300. Default: 5 for `nbf`; a token ends when its `exp` says. */
  readonly clockToleranceSeconds?: number;
  /** Claims that hold scopes. Default `scope`, `scp`, `permissions`. */
  readonly scopeClaims?: readonly string[];
  /** Claims that a token must have: with one of these values, or with `true` any value. */
  readonly requiredClaims?: Readonly<Record<string, string | readonly string[] | true>>;
  /** A further condition on the claims. Unless it returns `true`, the token is not valid. */
  readonly accept?: (claims: Readonly<Record<string, unknown>>) => boolean;
  /** What is remembered of verified tokens. */
  readonly cache?: VerificationCacheOptions;
  /** Fetches keys and metadata. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: () => number;
}

/**
 * A provider for JWT access tokens.
 *
 * The signature, `iss`, `aud`, `exp`, `nbf` and `typ` are checked; a token without `exp` is not accepted. Keys are fetched
 * when the first token comes, kept, fetched again when a token names an unknown one (at most twice a minute), and used on
 * for a day while the issuer cannot be reached. When there are no keys, clients get 503.
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be used.
 *
 * @example
 * ```ts
 * import { jwtProvider, MCPServer } from "@sallyport/server";
 *
 * const auth = jwtProvider({ issuer: "https://as.example.com", audience: "https://mcp.example.com/mcp" });
 * const server = new MCPServer({ name: "mail", version: "1.0.0", auth });
 * ```
 */
export function jwtProvider(options: JwtProviderOptions): BearerAuthProvider {
  return new JwtProvider(options);
}

class JwtProvider extends BearerAuthProvider {
  readonly #issuer: string;
  readonly #verifier: JwtVerifier;

  constructor(options: JwtProviderOptions) {
    super(options);
    this.#issuer = options.issuer;
    this.#verifier = new JwtVerifier(new IssuerMetadata(options.issuer, options), options);
  }

  override owns(_token: string, issuer: string | undefined): boolean {
    return issuer === this.#issuer;
  }

  override verifyToken(token: string): Promise<AccessToken | null> {
    return this.#verifier.verify(token);
  }
}
