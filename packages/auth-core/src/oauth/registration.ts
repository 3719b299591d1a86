/**
 * Who the client is at an authorization server: registered beforehand, described by a document, or registered now.
 */
import type { AuthorizationServer, Client, ClientAuth } from "oauth4webapi";
import type { Secret } from "../secrets/secret.ts";
import type { ClientAuthenticationMethod } from "./client-authentication.ts";
import type { Discovery } from "./discovery/discovery.ts";
import type { RegisteredClient } from "./dynamic-registration.ts";
import type { MessageContext } from "./message.ts";

/** What the configuration says about the client. */
export interface ClientSettings {
  readonly clientId?: string | undefined;
  readonly clientSecret?: Secret | undefined;
  /** PEM or JWK, for `private_key_jwt`. */
  readonly privateKey?: Secret | undefined;
  readonly clientAuthentication?: ClientAuthenticationMethod | undefined;
  readonly clientMetadataUrl?: string | undefined;
  readonly clientName?: string | undefined;
  /** How tokens will be obtained. Default `authorization_code`. */
  readonly grant?:
    | "authorization_code"
    | "client_credentials"
    | "device_code"
    | "jwt_bearer"
    | "enterprise"
    | undefined;
  /** Scopes that will be asked for, separated by spaces. */
  readonly scope?: string | undefined;
  /** The authorization server that `clientId` belongs to, where that is known: as configured, or the one it was last used with (BIND-03). */
  readonly issuer?: string | undefined;
}

/** A registration (RFC 7591) as it is kept: plain JSON, bound to its issuer (BIND-03). */
export interface Registration extends RegisteredClient {
  readonly issuer: string;
  readonly redirectUris: readonly string[];
  /** In milliseconds since 1970. */
  readonly registeredAt: number;
}

/** The client at one authorization server. */
export interface ClientIdentity {
  readonly source: "pre-registered" | "metadata-document" | "registered";
  readonly client: Client;
  readonly authentication: ClientAuth;
  /**
   * After `invalid_client`: read a secret or key that is kept elsewhere once more. `true` when it has changed, so that the
   * request can be sent again. Absent when there is nothing to read.
   */
  readonly renew?: () => Promise<boolean>;
}

/** What {@link identifyClient} finds. */
export interface Identified {
  readonly identity: ClientIdentity;
  /** A new registration, to be stored. */
  readonly registration?: Registration;
}

/** The client identifier, where it is known without asking the server. */
export function clientIdOf(
  { clientId, clientMetadataUrl }: ClientSettings,
  server: AuthorizationServer,
): string | undefined {
  if (clientId !== undefined) return clientId;
  return server["client_id_metadata_document_supported"] === true ? clientMetadataUrl : undefined;
}

export async function identifyClient(
  _settings: ClientSettings,
  _discovery: Discovery,
  _redirectUri: string | undefined,
  _known: Registration | undefined,
  _context: MessageContext,
): Promise<Identified> {
  throw new Error("not yet");
}
