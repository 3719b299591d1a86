/**
 * Authorization server metadata: RFC 8414 and OpenID Connect Discovery, ASM-02 to ASM-06.
 */
import { type AuthorizationServer, processDiscoveryResponse } from "oauth4webapi";
import { quoteForeign, SallyportError } from "../../errors.ts";
import { checkUrl, type UrlRules } from "../../http/secure-url.ts";
import type { Attempts } from "./attempts.ts";

/** Find the metadata of an issuer; `undefined` when none of its places has any of use. */
export async function findServerMetadata(
  issuer: string,
  attempts: Attempts,
  rules: UrlRules,
): Promise<AuthorizationServer | undefined> {
  checkUrl(issuer, "The issuer", rules);
  for (const url of metadataUrls(issuer)) {
    const server = await attempts.ask(url, (response) => judge(response, issuer, rules));
    if (server !== undefined) return server;
  }
  return undefined;
}

/** Where the metadata of an issuer can be, in the order to try (ASM-03). */
export function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, "");
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`;
  const openid = `${origin}/.well-known/openid-configuration${path}`;
  return path === "" ? [oauth, openid] : [oauth, openid, `${origin}${path}/.well-known/openid-configuration`];
}

/**
 * Metadata given by configuration, or found: its issuer as given, and endpoints that may be used.
 *
 * @throws SallyportError `insecure_url`.
 */
export function checkedMetadata(server: AuthorizationServer, rules: UrlRules): AuthorizationServer {
  for (const [name, value] of Object.entries(server)) {
    if (!name.endsWith("_endpoint") || value === undefined) continue;
    checkUrl(String(value), `The ${name} of ${quoteForeign(server.issuer)}`, rules);
  }
  return server;
}

/**
 * @throws SallyportError `pkce_unsupported` unless the server says that it supports S256 (ASM-05, AUT-02, T-07).
 */
export function requirePkce({ issuer, code_challenge_methods_supported: methods }: AuthorizationServer): void {
  if (methods?.includes("S256")) return;
  throw new SallyportError(
    "pkce_unsupported",
    `The authorization server ${quoteForeign(issuer)} does not say that it supports PKCE with S256, without which a stolen code can be used by others. It has to list S256 in code_challenge_methods_supported; if it supports it and does not say so, set \`oauthProvider\` to its metadata.`,
  );
}

async function judge(response: Response, issuer: string, rules: UrlRules): Promise<AuthorizationServer | string> {
  const raw: unknown = await response.json().catch(() => undefined);
  if (typeof raw !== "object" || raw === null) return "is no JSON object";
  const { issuer: named } = raw as { issuer?: unknown };
  // As texts: two that are the same URL are two issuers (ASM-06, T-03).
  if (named !== issuer) return `is for the issuer ${quoteForeign(String(named))}, not ${quoteForeign(issuer)}`;
  try {
    const json = new Response(JSON.stringify(raw), { headers: { "content-type": "application/json" } });
    return checkedMetadata(await processDiscoveryResponse(new URL(issuer), json), rules);
  } catch (error) {
    if (error instanceof SallyportError) throw error;
    return "is no authorization server metadata";
  }
}
