/**
 * Authorization server metadata: RFC 8414 and OpenID Connect Discovery, ASM-02 to ASM-06.
 */
import { type AuthorizationServer, processDiscoveryResponse } from "oauth4webapi";
import { quoteForeign, SallyportError } from "../../errors.ts";
import { checkUrl, type UrlRules } from "../../http/secure-url.ts";
import { parseObject } from "../../json.ts";
import { wellTyped } from "../messages/foreign-members.ts";
import type { Attempts } from "./attempts.ts";

/**
 * Find the metadata of an issuer; `undefined` when none of its places has any of use.
 *
 * @param spellings - of the same issuer that are accepted. Only where nobody has published the one to compare with.
 * @throws SallyportError `insecure_url`, `redirect_refused`.
 */
export async function findServerMetadata(
  issuer: string,
  attempts: Attempts,
  rules: UrlRules,
  spellings: readonly string[] = [issuer],
): Promise<AuthorizationServer | undefined> {
  checkUrl(issuer, "The issuer", rules);
  for (const url of metadataUrls(issuer)) {
    const server = await attempts.ask(url, (response) => judge(response, spellings, rules));
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

// What this client sends anything to, or somebody else to. Others may be for the inside of the provider's network.
const endpoints = [
  "authorization_endpoint",
  "device_authorization_endpoint",
  "registration_endpoint",
  "revocation_endpoint",
  "token_endpoint",
] as const;

/**
 * Metadata given by configuration, or found: its issuer as given, its members well typed, and endpoints that may be used
 * (ASM-08).
 *
 * @throws SallyportError `insecure_url`.
 */
export function checkedMetadata(metadata: AuthorizationServer, rules: UrlRules): AuthorizationServer {
  const server = wellTyped(metadata);
  for (const name of endpoints) {
    const url = server[name];
    if (url !== undefined) checkUrl(url, `The ${name} of ${quoteForeign(server.issuer)}`, rules);
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

async function judge(
  response: Response,
  spellings: readonly string[],
  rules: UrlRules,
): Promise<AuthorizationServer | string> {
  const raw = parseObject(await response.text());
  if (raw === undefined) return "is no JSON object";
  const { issuer, token_endpoint: endpoint } = raw;
  // As texts: two that are the same URL are two issuers (ASM-06, T-03).
  if (typeof issuer !== "string") return "names no `issuer`";
  if (!spellings.includes(issuer)) {
    return `is for the issuer ${quoteForeign(issuer)}, not ${spellings.map((each) => quoteForeign(each)).join(" or ")}`;
  }
  // M14-01. Without it the document is of use to no grant, and the next one may have it.
  if (typeof endpoint !== "string") return "has no `token_endpoint`";
  try {
    return checkedMetadata(await processDiscoveryResponse(new URL(issuer), Response.json(raw)), rules);
  } catch (error) {
    if (error instanceof SallyportError) throw error;
    return "is no authorization server metadata";
  }
}
