/**
 * What every provider says about the server to a client that may not enter: RFC 6750 §3, RFC 7617 §2, RFC 9728 §5.1.
 */
import { SallyportError } from "@sallyport/auth-core";
import { checkScopes } from "../token/scopes.ts";

/** What every provider may be given. */
export interface AuthProviderOptions {
  /** Name of the protected area, shown in challenges. Default `mcp`, left out where `resourceMetadata` speaks for it. */
  readonly realm?: string;
  /** URL of the RFC 9728 metadata document of this server, for challenges. Default: none. */
  readonly resourceMetadata?: string | URL;
  /** Scopes that every request needs. Default: none. */
  readonly scopes?: readonly string[];
}

/** What a provider may use to verify a credential. */
export interface VerifyContext {
  /** Aborted when the answer has come too late to be used. Hand it to `fetch`. */
  readonly signal: AbortSignal;
}

/** What `BearerAuthProvider` and `BasicAuthProvider` have in common. */
export abstract class AuthProvider {
  readonly realm: string | undefined;
  readonly resourceMetadata: string | undefined;
  readonly scopes: readonly string[];

  constructor(options: AuthProviderOptions = {}) {
    const { realm, resourceMetadata, scopes = [] } = options;
    if (realm !== undefined && !/^[\x20-\x7e]+$/.test(realm)) {
      throw new SallyportError("config_invalid", "realm: must be printable ASCII. It is sent in WWW-Authenticate.");
    }
    this.realm = realm;
    this.resourceMetadata = resourceMetadata === undefined ? undefined : metadataUrl(resourceMetadata);
    this.scopes = checkScopes(scopes, "scopes");
  }
}

function metadataUrl(input: string | URL): string {
  const text = String(input);
  if (!URL.canParse(text) || !/^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)) {
    throw new SallyportError("config_invalid", "resourceMetadata: must be an absolute http or https URL.");
  }
  return text;
}
