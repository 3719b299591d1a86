/**
 * What a protected resource says about itself: RFC 9728 §2 and §3, as MCP wants it (PRM-01 to PRM-07, R28-01 to R28-16).
 * Made once; served by whoever asks {@link ResourceMetadata.answer} about a request.
 */
import { isSallyportError, SallyportError } from "@sallyport/auth-core";
import { type Answer, jsonAnswer } from "../gate/answers.ts";
import type { RequestHead } from "../gate/extract.ts";
import { checkScopes } from "../token/scopes.ts";
import { secureUrl } from "../verification/secure-url.ts";

/** The metadata of a server that publishes it. */
export interface ResourceMetadataOptions {
  /**
   * The URL of the MCP endpoint as clients know it, to the letter: what they send as `resource` and what tokens name as their
   * audience (R28-01). Where a proxy stands in front, its URL.
   */
  readonly resource: string;
  /** Issuer identifiers of the authorization servers whose tokens are accepted, to the letter (PRM-02). */
  readonly authorizationServers: readonly string[];
  /** The scopes for basic use, not all there are (PRM-04). Default: the scopes that every request needs. */
  readonly scopesSupported?: readonly string[];
  /** What people call the server: `resource_name`. */
  readonly name?: string;
  /** URL of a page for developers: `resource_documentation`. */
  readonly documentation?: string;
  /** URL of a page about the use of data: `resource_policy_uri`. */
  readonly policy?: string;
  /** URL of the terms of service: `resource_tos_uri`. */
  readonly termsOfService?: string;
  /** Further members, under their names in RFC 9728. They do not replace any of the above. */
  readonly additional?: Readonly<Record<string, unknown>>;
  /**
   * Metadata of the authorization server, served again from here for clients of 2025-03-26, which look for it nowhere else
   * (ASM-10). Default: it is not.
   */
  readonly authorizationServerMetadata?: () => Promise<Readonly<Record<string, unknown>>>;
}

const resourceName = "/.well-known/oauth-protected-resource";
const issuerName = "/.well-known/oauth-authorization-server";
const cached = { "Cache-Control": "public, max-age=3600" };
// It is public and knows nobody, so any page may read it (PRM-06); clients send MCP-Protocol-Version along.
const open = { "Access-Control-Allow-Origin": "*" };
const preflight = {
  ...open,
  "Access-Control-Allow-Methods": "GET, HEAD",
  "Access-Control-Allow-Headers": "*",
  "Access-Control-Max-Age": "7200",
};

/** Metadata that is published at the path form and at the root form. */
export class ResourceMetadata {
  readonly options: ResourceMetadataOptions;
  /** Where the document is, for challenges: the well-known name before the path of the resource (R28-09). */
  readonly url: string;
  readonly #answers: ReadonlyMap<string, () => Answer | Promise<Answer>>;

  /** @throws SallyportError (`config_invalid`) when an option could not be published. */
  constructor(options: ResourceMetadataOptions) {
    const { authorizationServerMetadata: mirror } = options;
    const { origin, pathname, search } = secureUrl(options.resource, "metadata.resource");
    if (search !== "") throw new SallyportError("config_invalid", "metadata.resource: must have no query.");
    const path = pathname.replace(/\/$/, "");
    const document = jsonAnswer(200, documentOf(options), { ...cached, ...open });
    const answers = new Map<string, () => Answer | Promise<Answer>>();
    for (const place of [resourceName + path, resourceName]) answers.set(place, () => document);
    if (mirror !== undefined) {
      for (const place of [issuerName + path, issuerName]) answers.set(place, () => mirrored(mirror));
    }
    this.options = options;
    this.url = `${origin}${resourceName}${path}`;
    this.#answers = answers;
  }

  /** The answer to a request for metadata; `undefined` for any other request. */
  answer({ method, target }: RequestHead): Answer | Promise<Answer> | undefined {
    if (!target.startsWith("/.well-known/")) return undefined;
    const find = this.#answers.get(target.split("?", 1)[0] ?? "");
    if (find === undefined) return undefined;
    if (method === "GET" || method === "HEAD") return find();
    if (method === "OPTIONS") return { status: 204, headers: preflight, body: "" };
    return jsonAnswer(405, { error: "method_not_allowed" }, { ...open, Allow: "GET, HEAD, OPTIONS" });
  }
}

/** The document. Members without a value are left out (R28-10). */
function documentOf(options: ResourceMetadataOptions): Record<string, unknown> {
  const { resource, authorizationServers, additional = {} } = options;
  const { name, documentation, policy, termsOfService } = options;
  if (!Array.isArray(authorizationServers) || authorizationServers.length === 0) {
    throw new SallyportError("config_invalid", "metadata.authorizationServers: name at least one issuer.");
  }
  for (const issuer of authorizationServers) secureUrl(issuer, "metadata.authorizationServers");
  const scopes = checkScopes(options.scopesSupported ?? [], "metadata.scopesSupported");
  const pages = {
    resource_documentation: documentation,
    resource_policy_uri: policy,
    resource_tos_uri: termsOfService,
  };
  for (const [member, url] of Object.entries(pages)) if (url !== undefined) secureUrl(url, `metadata: ${member}`);
  return {
    ...additional,
    resource,
    authorization_servers: [...new Set(authorizationServers)],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ["header"],
    ...(name !== undefined && { resource_name: name }),
    ...Object.fromEntries(Object.entries(pages).filter(([, url]) => url !== undefined)),
  };
}

async function mirrored(mirror: NonNullable<ResourceMetadataOptions["authorizationServerMetadata"]>): Promise<Answer> {
  try {
    return jsonAnswer(200, await mirror(), { ...cached, ...open });
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    return jsonAnswer(503, { error: "temporarily_unavailable" }, { ...open, "Retry-After": "5" });
  }
}
