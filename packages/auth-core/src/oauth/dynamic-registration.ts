/**
 * Dynamic client registration: RFC 7591, for servers that know neither this client nor metadata documents (DCR-01).
 */
import type { ClientAuthenticationMethod } from "./client-authentication.ts";

/** A client as the server registered it. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret?: string;
  /** When the secret expires, in milliseconds since 1970. Absent: never. */
  readonly secretExpiresAt?: number;
  readonly authenticationMethod: ClientAuthenticationMethod;
}
