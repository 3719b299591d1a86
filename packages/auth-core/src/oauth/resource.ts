/**
 * The resource indicator of an MCP server: RFC 8707, RFC 9728 §3.3, MCP authorization, Canonical Server URI.
 */
import { quoteForeign, SallyportError } from "../errors.ts";

/**
 * The canonical URI of a server (RES-03 to RES-07): as configured, scheme and host in lower case, without fragment and
 * without the slash that a parser adds at the root.
 */
export function canonicalResource(serverUrl: string): string {
  const { origin, pathname, search } = new URL(serverUrl);
  return pathname === "/" && !/\/(?:\?|#|$)/.test(serverUrl.replace(/^[a-z]+:\/\//i, ""))
    ? origin + search
    : origin + pathname + search;
}

/**
 * Check that a published `resource` stands for the server: the same origin, and the same path or one that it lies under
 * (T-01). It is sent as published, whatever it looks like (pain 10).
 *
 * @throws SallyportError `resource_mismatch`.
 */
export function checkResource(resource: string, serverUrl: string): void {
  if (URL.canParse(resource) && isWithin(new URL(serverUrl), new URL(resource))) return;
  throw new SallyportError(
    "resource_mismatch",
    `The metadata of ${quoteForeign(serverUrl)} is for another resource, ${quoteForeign(resource)}: a token for that must not be asked for here. Check the URL of the server, or set \`resource\` if it is meant.`,
  );
}

function isWithin(server: URL, resource: URL): boolean {
  if (server.origin !== resource.origin || resource.hash !== "") return false;
  if (resource.search !== "" && resource.search !== server.search) return false;
  const [path, prefix] = [withSlash(server.pathname), withSlash(resource.pathname)];
  return path.startsWith(prefix);
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
