/**
 * The resource indicator of an MCP server: RFC 8707, RFC 9728 §3.3, MCP authorization, Canonical Server URI.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { maskUrl } from "../events.ts";
import { hasUrlCharacters } from "../http/secure-url.ts";

/**
 * The canonical URI of a server (RES-03 to RES-07): scheme and host in lower case, without fragment, user name and default
 * port, and without the one slash that means nothing, which parsers add at the root. Elsewhere a slash at the end is kept
 * as configured: it may tell two resources apart.
 */
export function canonicalResource(serverUrl: string): string {
  const { origin, pathname, search } = new URL(serverUrl);
  return origin + (pathname === "/" ? "" : pathname) + search;
}

/**
 * Check that a published `resource` stands for the server: the same origin, and the same path or one that it lies under
 * (T-01). It is sent as published, whatever it looks like (pain 10).
 *
 * @param configured - the resource that the user has named: it is meant, whatever it looks like.
 * @throws SallyportError `resource_mismatch`.
 */
export function checkResource(resource: string, serverUrl: string, configured: string | undefined): void {
  if (resource === configured) return;
  if (isUri(resource) && isWithin(new URL(serverUrl), new URL(resource))) return;
  throw new SallyportError(
    "resource_mismatch",
    `The metadata of ${maskUrl(new URL(serverUrl))} is for another resource, ${quoteForeign(resource)}: a token for that must not be asked for here. Check the URL of the server, or set \`resource\` to the other one if it is meant.`,
  );
}

/** RFC 8707 §2. What a parser drops would still be sent, and shown. */
function isUri(text: string): boolean {
  return URL.canParse(text) && hasUrlCharacters(text) && !text.includes("#");
}

function isWithin(server: URL, resource: URL): boolean {
  if (server.origin !== resource.origin || resource.username !== "" || resource.password !== "") return false;
  if (resource.search !== "" && resource.search !== server.search) return false;
  const [path, prefix] = [withSlash(server.pathname), withSlash(resource.pathname)];
  return path.startsWith(prefix);
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
