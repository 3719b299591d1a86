/**
 * Judges tokens by asking who issued them, and remembers the answers.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { AccessToken } from "../../token/access-token.ts";
import { checkAudience } from "../../token/audience.ts";
import type { IssuerMetadata } from "../../verification/issuer-metadata.ts";
import { secureUrl } from "../../verification/secure-url.ts";
import { VerificationCache, type VerificationCacheOptions } from "../../verification/verification-cache.ts";
import { IntrospectionRequest, type IntrospectionRequestOptions } from "./introspection-request.ts";
import { type IntrospectionExpectation, introspectionVerdict } from "./introspection-verdict.ts";

/** What the verifier needs to know. */
export interface IntrospectionChecks extends IntrospectionRequestOptions {
  /**
   * What this server is called in the member `aud`: its URL, as clients send it in `resource` (TOK-05). One of them is enough.
   * `false` does not look, for authorization servers that call a token active only to the server it is for.
   */
  readonly audience: string | readonly string[] | false;
  /** Where tokens are asked about. Default: what the issuer's metadata says (RFC 8414). */
  readonly endpoint?: string | URL;
  /** Members that hold scopes. Default `scope`. */
  readonly scopeClaims?: readonly string[];
  /** What is remembered of answers. */
  readonly cache?: VerificationCacheOptions;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: () => number;
}

/** Verifies tokens at one introspection endpoint. */
export class IntrospectionVerifier {
  readonly #request: IntrospectionRequest;
  readonly #expected: IntrospectionExpectation;
  readonly #cache: VerificationCache;
  readonly #now: () => number;

  /** @throws SallyportError (`config_invalid`) when an option cannot be used. */
  constructor(metadata: IssuerMetadata | undefined, options: IntrospectionChecks) {
    const { audience, scopeClaims = ["scope"], now = Date.now } = options;
    const fixed = options.endpoint === undefined ? undefined : secureUrl(options.endpoint, "endpoint");
    if (fixed === undefined && metadata === undefined) {
      throw new SallyportError("config_invalid", "introspectionProvider: give the issuer, or the endpoint.");
    }
    const endpoint = async (): Promise<URL> => fixed ?? (await endpointOf(metadata as IssuerMetadata));
    this.#request = new IntrospectionRequest(endpoint, metadata?.issuer, options);
    this.#expected = {
      issuer: metadata?.issuer,
      audience: audience === false ? false : checkAudience(audience),
      scopeClaims,
    };
    this.#cache = new VerificationCache(options.cache, now);
    this.#now = now;
  }

  /** The verdict. Rejects when there is no answer, or none that can be believed. */
  verify(token: string): Promise<AccessToken | null> {
    return this.#cache.verify(token, async () =>
      introspectionVerdict(token, await this.#request.ask(token), this.#expected, this.#now() / 1000),
    );
  }
}

async function endpointOf(metadata: IssuerMetadata): Promise<URL> {
  const url = await metadata.url("introspection_endpoint");
  if (url !== undefined) return url;
  throw new SallyportError(
    "temporarily_unavailable",
    `The metadata of ${metadata.issuer} names no introspection_endpoint. Set endpoint.`,
  );
}
