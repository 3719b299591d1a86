/**
 * Who the client is at an authorization server: registered beforehand, described by a document, or registered now
 * (REG-01). Credentials belong to one issuer and never go to another (BIND-02, BIND-04).
 */
import type { AuthorizationServer, Client, ClientAuth } from "oauth4webapi";
import { emit } from "../emit.ts";
import { quoteForeign, SallyportError } from "../errors.ts";
import { Secret } from "../secrets/secret.ts";
import { type RegisteredClient, registerClient } from "./client/dynamic-registration.ts";
import {
  type ClientAuthenticationMethod,
  type ClientProof,
  chooseAuthentication,
  clientAuthentication,
} from "./client-authentication.ts";
import type { Discovery } from "./discovery/discovery.ts";
import { isTransient } from "./errors.ts";
import type { MessageContext } from "./messages/message.ts";
import { scopeList, scopesOf } from "./scope-list.ts";

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
  /** The scopes that will be asked for, separated by spaces. */
  readonly scope?: string | undefined;
  /**
   * The authorization server that `clientId` belongs to, where that is known: as configured, or the one it was last used
   * with (BIND-03).
   */
  readonly issuer?: string | undefined;
}

/** A registration (RFC 7591) as it is kept: plain JSON, bound to its issuer (BIND-03). */
export interface Registration extends RegisteredClient {
  readonly issuer: string;
  readonly redirectUris: readonly string[];
  /** The scopes that it was registered for, separated by spaces. */
  readonly scope?: string;
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

/**
 * Find out who the client is, in the order of REG-02: registered beforehand, described by a metadata document where the
 * server takes those (CMD-08), registered before or now (RFC 7591).
 *
 * @param redirectUri - where the person will be sent back to; `undefined` for grants without a redirect.
 * @param known - the registration that is kept. Used again when it is of this issuer, not expired, and has the redirect URI,
 * byte for byte (RED-02), and the scopes.
 * @throws SallyportError `registration_unsupported` when the server takes no new clients, `registration_failed`,
 * `issuer_mismatch` when the configured client belongs to another server (BIND-06), `config_invalid` for a secret beside a
 * metadata document (CMD-05).
 */
export async function identifyClient(
  settings: ClientSettings,
  discovery: Discovery,
  redirectUri: string | undefined,
  known: Registration | undefined,
  context: MessageContext,
): Promise<Identified> {
  const { issuer, server } = discovery;
  if (settings.clientId !== undefined) {
    if (settings.issuer !== undefined && settings.issuer !== issuer) throw movedAway(settings, discovery);
    return { identity: configured("pre-registered", settings.clientId, settings, server, context) };
  }
  checkDocument(settings);
  const document = clientIdOf(settings, server);
  if (document !== undefined) {
    return { identity: configured("metadata-document", document, settings, server, context) };
  }
  if (known !== undefined && isFitting(known, { issuer, redirectUri, scope: settings.scope, now: context.now() })) {
    return { identity: registeredIdentity(known, server, context) };
  }
  const { grant = "authorization_code", clientName = "MCP client" } = settings;
  const grantTypes = registrableGrants[grant];
  if (grantTypes === undefined || server.registration_endpoint === undefined) throw unsupported(settings, issuer);
  const before = known?.issuer === issuer ? known.scope : undefined;
  const scope = everyScope(discovery, settings.scope, before);
  const description = { redirectUri, grantTypes, clientName, scope };
  const registration: Registration = {
    ...(await registerNow(description, server, context)),
    issuer,
    redirectUris: redirectUri === undefined ? [] : [redirectUri],
    ...(scope === undefined ? {} : { scope }),
    registeredAt: context.now(),
  };
  emit(context.onEvent, { type: "registration", issuer, clientId: registration.clientId });
  return { identity: registeredIdentity(registration, server, context), registration };
}

/** A server that could not answer is asked twice: nobody waits yet, and a client too many does no harm. */
async function registerNow(...registration: Parameters<typeof registerClient>): Promise<RegisteredClient> {
  try {
    return await registerClient(...registration);
  } catch (error) {
    if (!isTransient(error)) throw error;
    return registerClient(...registration);
  }
}

/**
 * What a new client asks to be allowed, REF-02. Grants without a person are for clients that somebody has vouched for:
 * registered out of band (CC-02), confidential (EMA-13), or none at all (WIF-01).
 */
const registrableGrants: Readonly<Partial<Record<NonNullable<ClientSettings["grant"]>, readonly string[]>>> = {
  authorization_code: ["authorization_code", "refresh_token"],
  device_code: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
};

// A secret that expires while a person signs in is of no use.
const shortestLife = 5 * 60_000;

/** What a registration is wanted for. */
export interface Purpose {
  readonly issuer: string;
  readonly redirectUri: string | undefined;
  /** The scopes that will be asked for, separated by spaces. */
  readonly scope: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Whether a registration can be used again. */
export function isFitting(known: Registration, { issuer, redirectUri, scope, now }: Purpose): boolean {
  if (known.issuer !== issuer) return false;
  if (known.secretExpiresAt !== undefined && known.secretExpiresAt - now < shortestLife) return false;
  if (redirectUri !== undefined && !known.redirectUris.includes(redirectUri)) return false;
  return isFor(known, scope);
}

function configured(
  source: ClientIdentity["source"],
  clientId: string,
  { clientSecret, privateKey, clientAuthentication: method }: ClientSettings,
  server: AuthorizationServer,
  { now }: MessageContext,
): ClientIdentity {
  const chosen = chooseAuthentication(proofFor(source, clientSecret, privateKey), server, method);
  const proof = "secret" in chosen ? chosen.secret : "privateKey" in chosen ? chosen.privateKey : undefined;
  return {
    source,
    client: { client_id: clientId },
    authentication: clientAuthentication(chosen, now),
    ...(proof === undefined || proof.fixed !== undefined ? {} : { renew: () => hasChanged(proof) }),
  };
}

/** A client that a document describes has no secret, since it has nobody to share it with (CMD-05, CMD-06). */
function proofFor(source: ClientIdentity["source"], secret?: Secret, privateKey?: Secret): ClientProof {
  return source === "metadata-document" ? { privateKey } : { secret, privateKey };
}

async function hasChanged(secret: Secret): Promise<boolean> {
  const refused = await secret.last();
  return (await secret.renew(refused)).reveal() !== refused.reveal();
}

/** The client that a registration has made. */
export function registeredIdentity(
  { clientId, clientSecret, authenticationMethod }: Registration,
  server: AuthorizationServer,
  { now }: MessageContext,
): ClientIdentity {
  const secret = clientSecret === undefined ? undefined : new Secret(clientSecret);
  return {
    source: "registered",
    client: { client_id: clientId },
    authentication: clientAuthentication(chooseAuthentication({ secret }, server, authenticationMethod), now),
  };
}

/**
 * Some servers refuse a scope later that the client did not name when it registered: that of a step-up, or of another MCP
 * server behind the same authorization server.
 */
function everyScope(
  { server, scopesSupported = [] }: Discovery,
  ...lists: readonly (string | undefined)[]
): string | undefined {
  const offline = server.scopes_supported?.includes("offline_access") === true ? "offline_access" : undefined;
  return scopeList(...lists, ...scopesSupported, offline);
}

/** A registration without scopes is for whatever the server thinks right. */
function isFor({ scope }: Registration, wanted: string | undefined): boolean {
  return scope === undefined || scopesOf(wanted).every((each) => scopesOf(scope).includes(each));
}

function checkDocument({ clientMetadataUrl, clientSecret, clientAuthentication: method }: ClientSettings): void {
  if (clientMetadataUrl === undefined) return;
  if (clientSecret === undefined && method?.startsWith("client_secret") !== true) return;
  throw new SallyportError(
    "config_invalid",
    "A client that `clientMetadataUrl` describes has no secret: everybody can read the document. Remove `clientSecret` and use `privateKey`, or set the `clientId` that the secret belongs to.",
  );
}

function movedAway({ issuer = "" }: ClientSettings, discovery: Discovery): SallyportError {
  return new SallyportError(
    "issuer_mismatch",
    `The configured client belongs to the authorization server ${quoteForeign(issuer)}, but ${quoteForeign(discovery.resource)} now gets its tokens from ${quoteForeign(discovery.issuer)}. The client's credentials are not sent there. If the change is intended, register a client there, and set its \`clientId\` and \`issuer\`.`,
  );
}

function unsupported({ clientMetadataUrl, grant }: ClientSettings, issuer: string): SallyportError {
  const refused =
    grant !== undefined && registrableGrants[grant] === undefined
      ? `The grant ${grant} needs a client that is registered at ${quoteForeign(issuer)} beforehand`
      : `The authorization server ${quoteForeign(issuer)} does not register clients by itself`;
  const document =
    clientMetadataUrl === undefined
      ? ""
      : ", and takes no client metadata documents, so that `clientMetadataUrl` is of no use there";
  return new SallyportError(
    "registration_unsupported",
    `${refused}${document}. Register a client with the provider and set \`clientId\` (and \`clientSecret\` or \`privateKey\`)${
      clientMetadataUrl === undefined
        ? ", or set `clientMetadataUrl` where the server takes client metadata documents"
        : ""
    }.`,
  );
}
