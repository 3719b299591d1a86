/**
 * A real MCP server that takes the access tokens of a test authorization server only, and says so as MCP prescribes.
 */
import type { Guard, Refusal } from "../guard.ts";
import type { RecordedRequest } from "../listen.ts";
import { mcpServerV1 } from "../mcp-server-v1.ts";
import { mcpServerV2 } from "../mcp-server-v2.ts";
import { type ProofChecker, proofChecker } from "./dpop-proof.ts";
import type { GuardedCall, ProtectedMcpServer, ProtectedMcpServerOptions } from "./protected-mcp-server-types.ts";
import { parseObject } from "./request-log.ts";

const wellKnown = "/.well-known/oauth-protected-resource";
const endpoint = "/mcp";

/** Why a request is refused (CHL-01). */
interface Problem {
  readonly status: 401 | 403;
  /** Not there when no token was presented (B50-11). */
  readonly error?: string;
  readonly scopes: readonly string[];
}

/**
 * Start a protected server.
 *
 * @example
 * ```ts
 * const authorizationServer = await testAuthorizationServer();
 * const server = await protectedMcpServer({ authorizationServer, toolScopes: { add: ["mcp:write"] } });
 * const response = await fetch(server.url, { method: "POST" });
 * expect(response.headers.get("www-authenticate")).toContain("resource_metadata=");
 * ```
 */
export async function protectedMcpServer(options: ProtectedMcpServerOptions): Promise<ProtectedMcpServer> {
  const { scopes = ["mcp:read"], toolScopes = {}, dpop = "accepted" } = options;
  const { path = true, root = false, header = true } = options.metadata ?? {};
  const boundOnly = dpop !== "accepted";
  const ownPlace = header && !path ? ["/metadata/mcp"] : [];
  const places = [...(path ? [wellKnown + endpoint] : []), ...(root ? [wellKnown] : []), ...ownPlace];
  const proofs = proofChecker(dpop === "nonce");
  const calls: GuardedCall[] = [];
  let authorizationServer = options.authorizationServer;
  let refusing:
    | { readonly error: "invalid_token" | "insufficient_scope"; readonly scopes: readonly string[] }
    | undefined;
  let resource = "";
  let metadataRequests = 0;

  const metadata = (): Refusal => {
    metadataRequests++;
    const document = {
      resource,
      authorization_servers: [authorizationServer.issuer],
      scopes_supported: scopes,
      bearer_methods_supported: ["header"],
      ...(boundOnly ? { dpop_bound_access_tokens_required: true } : {}),
    };
    const body = JSON.stringify(options.changeMetadata?.(document) ?? document);
    return { status: 200, headers: { "content-type": "application/json", "access-control-allow-origin": "*" }, body };
  };

  const judge = async (request: RecordedRequest, call: Presented): Promise<Problem | undefined> => {
    const { scheme, token } = call;
    if (token === undefined || scheme === undefined) return { status: 401, scopes };
    if (refusing !== undefined) return { status: refusing.error === "invalid_token" ? 401 : 403, ...refusing };
    const invalid = { status: 401, error: "invalid_token", scopes } as const;
    const verified = await authorizationServer.verify(token);
    if (verified?.audience !== resource) return invalid;
    const { keyThumbprint } = verified;
    // A bound token without its proof is a stolen one (D49-06).
    if ((keyThumbprint !== undefined) !== (scheme === "DPoP") || (boundOnly && keyThumbprint === undefined))
      return invalid;
    if (keyThumbprint !== undefined) {
      const proof = request.headers["dpop"];
      const expectation = { method: request.method, url: resource, accessToken: token, keyThumbprint };
      const error = await proofs.check(typeof proof === "string" ? proof : undefined, expectation);
      if (error !== undefined) return { status: 401, error, scopes };
    }
    const needed = [...scopes, ...(toolScopes[call.tool ?? ""] ?? [])];
    if (needed.every((scope) => verified.scopes.includes(scope))) return undefined;
    return { status: 403, error: "insufficient_scope", scopes: needed };
  };

  const guard: Guard = async (_headers, request) => {
    const { pathname } = new URL(request.url, "http://server");
    if (places.includes(pathname)) return metadata();
    if (pathname !== endpoint) return { status: 404 };
    const call = presentedBy(request);
    const problem = await judge(request, call);
    calls.push({ ...call, status: problem?.status ?? 200, error: problem?.error });
    if (problem === undefined) return undefined;
    const metadataUrl = header ? new URL(ownPlace[0] ?? wellKnown + endpoint, resource).href : undefined;
    const scheme = boundOnly || call.scheme === "DPoP" ? "DPoP" : "Bearer";
    return refusal(problem, scheme, metadataUrl, proofs);
  };

  const server = await (options.sdk === "v1" ? mcpServerV1({ guard }) : mcpServerV2({ guard }));
  resource = server.url;
  return {
    ...server,
    resource,
    calls,
    metadataRequests: () => metadataRequests,
    refuse(error, refusedScopes = scopes) {
      refusing = error === undefined ? undefined : { error, scopes: refusedScopes };
    },
    useAuthorizationServer(next) {
      authorizationServer = next;
    },
    renewNonce: proofs.renew,
  };
}

type Presented = Pick<GuardedCall, "method" | "tool" | "scheme" | "token">;

function presentedBy({ method, headers, body }: RecordedRequest): Presented {
  const message = parseObject(body);
  const params = message["params"] as { readonly name?: string } | undefined;
  const [, scheme, token] = /^(bearer|dpop) ([\w.~+/-]+=*)$/i.exec(headers.authorization ?? "") ?? [];
  return {
    method: typeof message["method"] === "string" ? message["method"] : method,
    tool: message["method"] === "tools/call" ? params?.name : undefined,
    scheme: scheme === undefined ? undefined : scheme.toLowerCase() === "dpop" ? "DPoP" : "Bearer",
    token,
  };
}

/** The refusal with its challenge (CHL-04, CHL-09, D49-08). */
function refusal(
  { status, error, scopes }: Problem,
  scheme: "Bearer" | "DPoP",
  metadataUrl: string | undefined,
  proofs: ProofChecker,
): Refusal {
  const parameters = {
    ...(scheme === "DPoP" ? { algs: "ES256 EdDSA" } : {}),
    ...(error === undefined ? {} : { error }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
    ...(metadataUrl === undefined ? {} : { resource_metadata: metadataUrl }),
  };
  // A challenge without parameters would not be one (B50-05).
  const listed = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  const challenge = `${scheme} ${listed.length === 0 ? 'realm="mcp"' : listed.join(", ")}`;
  const nonce = error === "use_dpop_nonce" ? { "dpop-nonce": proofs.nonce() } : {};
  return { status, headers: { "www-authenticate": challenge, ...nonce } };
}
