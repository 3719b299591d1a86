/**
 * From the URL of an MCP server to the authorization server that issues tokens for it: MCP authorization, Authorization
 * Server Discovery.
 */
import type { AuthorizationServer } from "oauth4webapi";
import { quoteForeign, SallyportError } from "../../errors.ts";
import { maskUrl } from "../../events.ts";
import type { UrlRules } from "../../http/secure-url.ts";
import type { OAuthChallenge } from "../challenge.ts";
import { canonicalResource } from "../resource.ts";
import { Attempts, type DiscoveryContext } from "./attempts.ts";
import type { Discovery } from "./discovery.ts";
import { legacyServer } from "./legacy.ts";
import { findResourceMetadata, type ResourceMetadata } from "./resource-metadata.ts";
import { checkedMetadata, findServerMetadata } from "./server-metadata.ts";

/** What is known of a server before discovery. */
export interface DiscoveryInput extends UrlRules {
  /** The URL of the MCP endpoint. */
  readonly serverUrl: string;
  readonly challenge: OAuthChallenge | undefined;
  /** The one authorization server to accept. */
  readonly issuer: string | undefined;
  /** Sent in place of what the server publishes. */
  readonly resource: string | undefined;
  /** The authorization server's metadata, in place of what it publishes. */
  readonly oauthProvider: Readonly<Record<string, unknown>> | undefined;
  /** Fall back to what MCP 2025-03-26 did. */
  readonly legacyDiscovery: boolean;
}

/**
 * Find out where tokens for a server come from.
 *
 * @throws SallyportError `discovery_failed` with every URL tried; `resource_mismatch`, `issuer_mismatch`, `insecure_url`,
 * `redirect_refused`; the reason of the signal.
 */
export async function discover(input: DiscoveryInput, context: DiscoveryContext): Promise<Discovery> {
  const attempts = new Attempts(context);
  const configured = configuredServer(input);
  // With resource and server configured there is nothing to ask for (DSC-01, order 3).
  const metadata =
    configured !== undefined && input.resource !== undefined ? undefined : await findResourceMetadata(input, attempts);
  const server = configured ?? (await findServer(input, metadata, attempts));
  const { scopes_supported, dpop_bound_access_tokens_required } = metadata?.document ?? {};
  const resource = input.resource ?? metadata?.document.resource;
  return {
    resource: resource ?? canonicalResource(input.serverUrl),
    issuer: server.issuer,
    server,
    ...(scopes_supported === undefined ? {} : { scopesSupported: scopes_supported }),
    ...(metadata === undefined ? {} : { metadataUrl: metadata.url }),
    ...(dpop_bound_access_tokens_required === true ? { dpopRequired: true } : {}),
  };
}

async function findServer(
  input: DiscoveryInput,
  metadata: ResourceMetadata | undefined,
  attempts: Attempts,
): Promise<AuthorizationServer> {
  const issuers = issuersOf(input, metadata);
  for (const issuer of issuers) {
    const server = await findServerMetadata(issuer, attempts, input);
    if (server !== undefined) return server;
  }
  if (metadata === undefined && input.legacyDiscovery && input.issuer === undefined) {
    return legacyServer(input.serverUrl, attempts, input);
  }
  const where = maskUrl(new URL(input.serverUrl));
  if (issuers.length > 0) {
    throw attempts.failure(
      `${where} gets its tokens from ${named(issuers)}, of which there is no metadata of use.`,
      "Check `issuer`, if it is set; else tell those who run the server, or set `oauthProvider` to the authorization server's metadata.",
    );
  }
  throw attempts.failure(
    `${where} does not say where its tokens come from.`,
    "Check its URL. If it uses OAuth, set `issuer`, or `oauthProvider` to the authorization server's metadata; servers of MCP 2025-03-26 need `legacyDiscovery`.",
  );
}

/** The issuers to try, in order: the configured one, which has to be among those that are published; else all of them (DSC-05). */
function issuersOf({ issuer, serverUrl }: DiscoveryInput, metadata: ResourceMetadata | undefined): readonly string[] {
  const published = metadata?.issuers ?? [];
  if (issuer === undefined) return published;
  if (published.length === 0 || published.includes(issuer)) return [issuer];
  throw new SallyportError(
    "issuer_mismatch",
    `${maskUrl(new URL(serverUrl))} gets its tokens from ${named(published)}, and not from the configured issuer ${quoteForeign(issuer)}. Correct \`issuer\` if the change is known and wanted; issuers are compared as texts, a slash at the end counts.`,
  );
}

function named(issuers: readonly string[]): string {
  const shown = issuers.slice(0, 5).map((each) => quoteForeign(each));
  return shown.join(", ");
}

function configuredServer(input: DiscoveryInput): AuthorizationServer | undefined {
  if (input.oauthProvider === undefined) return undefined;
  const { issuer = input.issuer } = input.oauthProvider;
  if (typeof issuer !== "string") {
    throw new SallyportError(
      "config_invalid",
      "`oauthProvider` has no issuer: set `issuer` in it, or beside it, as the authorization server names itself.",
    );
  }
  if (input.issuer !== undefined && issuer !== input.issuer) {
    throw new SallyportError(
      "config_conflict",
      "`issuer` and the issuer in `oauthProvider` differ. Remove one of them.",
    );
  }
  if (typeof input.oauthProvider["token_endpoint"] !== "string") {
    throw new SallyportError(
      "config_invalid",
      "`oauthProvider` has no token_endpoint. It is the authorization server's whole metadata with the names of RFC 8414: issuer, authorization_endpoint, token_endpoint and so on. Where the server publishes that, `issuer` is enough.",
    );
  }
  return checkedMetadata({ ...input.oauthProvider, issuer } as AuthorizationServer, input);
}

/**
 * The metadata of an enterprise's identity provider, with its token endpoint.
 *
 * @throws SallyportError `discovery_failed`, `insecure_url`.
 */
export async function discoverProvider(
  issuer: string,
  context: DiscoveryContext,
  rules: UrlRules,
): Promise<AuthorizationServer> {
  const attempts = new Attempts(context);
  const provider = await findServerMetadata(issuer, attempts, rules);
  if (provider !== undefined) return provider;
  throw attempts.failure(
    `The identity provider ${quoteForeign(issuer)} does not say where its token endpoint is.`,
    "Check `idp.issuer`, or set `idp.tokenEndpoint`.",
  );
}
