/**
 * A verified token in the form that both MCP SDK lines give to their handlers: `req.auth` in 1.x, `authInfo` in 2.x.
 */
import type { AuthInfo } from "@modelcontextprotocol/server";
import type { AccessToken } from "./access-token.ts";

/**
 * The SDK's `AuthInfo` for a verified token. It contains the token in the clear, as the SDK wants it: do not log it.
 *
 * `clientId` is the claim `client_id` (RFC 9068), else `azp`, else the subject, else empty; claims are in `extra.claims`.
 *
 * @example
 * ```ts
 * import { type AccessToken, authInfo } from "@sallyport/server";
 * import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
 *
 * const handler = createMcpHandler(() => new McpServer({ name: "mail", version: "1.0.0" }));
 *
 * export const serve = (request: Request, token: AccessToken): Promise<Response> =>
 *   handler.fetch(request, { authInfo: authInfo(token) });
 * ```
 */
export function authInfo(token: AccessToken): AuthInfo {
  const { claims, subject, expiresAt } = token;
  const clientId = [claims["client_id"], claims["azp"], subject].find((id) => typeof id === "string");
  return {
    token: token.token,
    clientId: typeof clientId === "string" ? clientId : "",
    scopes: [...token.scopes],
    ...(expiresAt !== undefined && { expiresAt }),
    extra: { claims, subject },
  };
}
