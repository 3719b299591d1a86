/**
 * Protected resource metadata: RFC 9728, DSC-01 to DSC-05. `signed_metadata` is not read.
 */
import { processResourceDiscoveryResponse, type ResourceServer } from "oauth4webapi";
import { maskUrl } from "../../events.ts";
import { parseObject } from "../../json.ts";
import type { OAuthChallenge } from "../challenge.ts";
import { textsOf, wellTyped } from "../messages/foreign-members.ts";
import { checkResource } from "../resource.ts";
import type { Attempts } from "./attempts.ts";

/** The metadata of a resource, and where it was. */
export interface ResourceMetadata {
  readonly url: string;
  /** `resource` in it is as published. */
  readonly document: ResourceServer;
  /** The issuers it names, each once. Empty when it names none. */
  readonly issuers: readonly string[];
}

/** What metadata is looked for with. */
export interface ResourceMetadataRequest {
  /** The URL of the MCP endpoint. */
  readonly serverUrl: string;
  readonly challenge: OAuthChallenge | undefined;
  /** As configured. */
  readonly resource: string | undefined;
}

const suffix = "/.well-known/oauth-protected-resource";

/**
 * Find the metadata: where the challenge says and nowhere else (T-04), or else at the path of the server, then at its root.
 *
 * @throws SallyportError `resource_mismatch`; `discovery_failed` when the place that the server named has none.
 */
export async function findResourceMetadata(
  { serverUrl, challenge, resource }: ResourceMetadataRequest,
  attempts: Attempts,
): Promise<ResourceMetadata | undefined> {
  const named = challenge?.resourceMetadata;
  for (const url of named === undefined ? wellKnownUrls(serverUrl) : [named]) {
    const document = await attempts.ask(url, (response) => judge(response, serverUrl, resource));
    if (document !== undefined) return { url, document, issuers: issuersIn(document) };
  }
  if (named === undefined) return undefined;
  throw attempts.failure(
    `${maskUrl(new URL(serverUrl))} says where its metadata is, and there is none of use.`,
    "Tell those who run the server, or set `resource`, and `oauthProvider` to the authorization server's metadata.",
  );
}

/** The path form, with the query kept, then the root form (DSC-02, R28-09). */
export function wellKnownUrls(serverUrl: string): string[] {
  const { origin, pathname, search } = new URL(serverUrl);
  const path = pathname === "/" ? "" : pathname;
  return [...new Set([`${origin}${suffix}${path}${search}`, `${origin}${suffix}`])];
}

function issuersIn({ authorization_servers: servers }: ResourceServer): readonly string[] {
  return [...new Set(textsOf(servers))];
}

async function judge(
  response: Response,
  serverUrl: string,
  configured: string | undefined,
): Promise<ResourceServer | string> {
  const raw = parseObject(await response.text());
  if (raw === undefined) return "is no JSON object";
  const { resource } = raw;
  if (typeof resource !== "string" || !URL.canParse(resource)) return "has no `resource` that is a URL";
  checkResource(resource, serverUrl, configured);
  try {
    const json = Response.json(wellTyped(raw));
    return { ...(await processResourceDiscoveryResponse(new URL(resource), json)), resource };
  } catch {
    return "is no protected resource metadata";
  }
}
