/**
 * What an `OAuth` is given: the fields of the configuration, and what it needs of its surroundings.
 */
import type { OAuthConfig } from "../config/types.ts";
import type { CredentialStore } from "../credentials/store.ts";
import type { AuthEventListener } from "../events.ts";
import type { SecretReader } from "../secrets/source.ts";
import type { DpopKeyStore } from "./dpop/key-store.ts";
import type { Interaction } from "./interaction.ts";

/** What an {@link OAuth} needs of its surroundings: who is asked, what is kept where. Never part of a configuration. */
export interface OAuthPorts {
  /** Asks the person. Without it only a stored sign-in and the grants that need nobody can be used. */
  readonly interaction?: Interaction | undefined;
  /** Keeps registrations and tokens. Default: in memory, for the life of this object. */
  readonly store?: CredentialStore | undefined;
  /** Whose tokens, where one store serves several people. Default: one account, without a name. */
  readonly account?: string | undefined;
  /** Sends what goes to the authorization server. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch | undefined;
  /** The addresses of a host name, so that a name cannot lead to a private address (SSR-03). Node: `client-node` brings one. */
  readonly resolveHost?: ((hostname: string, signal?: AbortSignal) => Promise<readonly string[]>) | undefined;
  /** Keeps DPoP keys that cannot be exported, where the platform can. Default: they are kept with the tokens. */
  readonly dpopKeys?: DpopKeyStore | undefined;
  /**
   * The server that the tokens are for: the URL of its MCP endpoint. Default: the URL of the first request.
   */
  readonly server?: string | URL | undefined;
  /** Reads secrets that are kept in a variable, a file or a command's output. */
  readonly secrets?: SecretReader | undefined;
  /** Follows discovery, registration, sign-in and tokens; redacted. */
  readonly onEvent?: AuthEventListener | undefined;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

/** Options of {@link OAuth}: every field of the `oauth` entry of a configuration, in camelCase, and the ports. */
export interface OAuthOptions extends Omit<OAuthConfig, "type">, OAuthPorts {
  /**
   * Only answer a server that asks for OAuth: a 401 without a challenge, or from a server without metadata, is handed over
   * as it came. Default: `false`.
   */
  readonly onDemand?: boolean | undefined;
}

/** Whether a grant obtains tokens without a person. */
export function isUnattended(grant: OAuthOptions["grant"]): boolean {
  return grant === "client_credentials" || grant === "jwt_bearer" || grant === "enterprise";
}
