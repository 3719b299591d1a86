/**
 * The options of the test authorization server in the terms of `oidc-provider`. Every policy is given, also where the
 * default would do: the package warns of the ones that are not.
 */
import { randomBytes } from "node:crypto";
import type { JWK } from "jose";
import type { PreRegisteredClient, TestAuthorizationServerOptions } from "./authorization-server-types.ts";
import { confirmPage, deviceDonePage, errorPage, interactionPath, userCodePage } from "./oidc-pages.ts";
import type { OidcProviderModule, PolicyClient } from "./oidc-provider.ts";
import type { OidcStorage } from "./oidc-storage.ts";

/** The algorithm of everything that the server signs. */
export const signingAlgorithm = "ES256";

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
// Also RSA, which is off by default.
const proofAlgorithms = ["ES256", "Ed25519", "EdDSA", "PS256", "RS256"];
const authenticationMethods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

/** What the configuration needs besides the options. */
export interface ConfigurationParts {
  /** Path of the issuer; empty when there is none. */
  readonly base: string;
  readonly storage: OidcStorage;
  /** The private key that signs. */
  readonly key: JWK;
  /** The client that may introspect: the protected resources. */
  readonly introspector: string;
  readonly errors: OidcProviderModule["errors"];
}

export function oidcConfiguration(options: TestAuthorizationServerOptions, parts: ConfigurationParts): object {
  const { refreshTokens = "always", rotateRefreshTokens = true, dpop = "on", clientMetadataDocuments } = options;
  const { registration = true, clientCredentials = true, deviceFlow = true, revocation = true } = options;
  const { accessTokenSeconds = 3600, refreshTokenSeconds = 86_400, scopes = ["mcp:read", "mcp:write"] } = options;
  const tokenLifetime = () => accessTokenSeconds;
  return {
    adapter: parts.storage.adapter,
    jwks: { keys: [parts.key] },
    clientDefaults: { id_token_signed_response_alg: signingAlgorithm },
    clientAuthMethods: authenticationMethods,
    enabledJWA: { dPoPSigningAlgValues: proofAlgorithms },
    responseTypes: ["code"],
    scopes: [...(refreshTokens === "never" ? [] : ["offline_access"]), ...scopes],
    pkce: { required: () => true },
    clientBasedCORS: () => true,
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    expiresWithSession: () => false,
    issueRefreshToken: (_context: unknown, client: PolicyClient, source: { readonly scopes: ReadonlySet<string> }) =>
      refreshTokens !== "never" &&
      client.grantTypeAllowed("refresh_token") &&
      (refreshTokens === "always" || source.scopes.has("offline_access")),
    rotateRefreshToken: rotateRefreshTokens,
    renderError: errorPage,
    interactions: {
      url: (_context: unknown, { uid }: { readonly uid: string }) => `${parts.base}${interactionPath}/${uid}`,
    },
    ttl: {
      AccessToken: tokenLifetime,
      ClientCredentials: tokenLifetime,
      AuthorizationCode: () => 60,
      RefreshToken: () => refreshTokenSeconds,
      DeviceCode: () => 600,
      Grant: () => 86_400,
      IdToken: () => 3600,
      Interaction: () => 3600,
      Session: () => 86_400,
    },
    fetch: async (url: string) => metadataDocument(clientMetadataDocuments, url),
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      clientCredentials: { enabled: clientCredentials },
      registration: { enabled: registration },
      revocation: { enabled: revocation, allowedPolicy: ownToken },
      introspection: {
        enabled: true,
        allowedPolicy: (_context: unknown, client: PolicyClient) => client.clientId === parts.introspector,
      },
      deviceFlow: {
        enabled: deviceFlow,
        userCodeInputSource: userCodePage,
        userCodeConfirmSource: confirmPage,
        successSource: deviceDonePage,
      },
      dPoP: {
        enabled: dpop !== "off",
        ...(dpop === "nonce" ? { nonceSecret: randomBytes(32), requireNonce: () => true } : {}),
      },
      clientIdMetadataDocument: { enabled: clientMetadataDocuments !== undefined, ack: "draft-02" },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => {
          if (options.resources?.includes(resource) === false) throw new parts.errors.InvalidTarget();
          return {
            scope: scopes.join(" "),
            audience: resource,
            accessTokenTTL: accessTokenSeconds,
            accessTokenFormat: options.accessTokens ?? "jwt",
            jwt: { sign: { alg: signingAlgorithm } },
          };
        },
      },
    },
  };
}

/** The metadata under which the server keeps a pre-registered client. */
export function clientMetadata(client: PreRegisteredClient): { readonly client_id: string } & Record<string, unknown> {
  const { authentication = "none", redirectUris = ["http://127.0.0.1/callback"] } = client;
  const usual = ["authorization_code", "refresh_token", deviceGrant];
  const grants = client.grantTypes ?? (authentication === "none" ? usual : [...usual, "client_credentials"]);
  const redirects = grants.includes("authorization_code");
  return {
    client_id: client.clientId,
    token_endpoint_auth_method: authentication,
    ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
    ...(client.jwks === undefined ? {} : { jwks: client.jwks }),
    application_type: redirectUris.every((uri) => uri.startsWith("http://127.0.0.1")) ? "native" : "web",
    redirect_uris: redirects ? [...redirectUris] : [],
    response_types: redirects ? ["code"] : [],
    grant_types: [...grants],
    dpop_bound_access_tokens: client.dpopBound ?? false,
  };
}

function ownToken(_context: unknown, client: PolicyClient, token: { readonly clientId: string }): boolean {
  return token.clientId === client.clientId;
}

function metadataDocument(documents: TestAuthorizationServerOptions["clientMetadataDocuments"], url: string): Response {
  const document = documents?.[url];
  return document === undefined ? new Response("no such document", { status: 404 }) : Response.json(document);
}
