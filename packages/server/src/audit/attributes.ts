/**
 * Audit events as OpenTelemetry attributes: the names of the semantic conventions where there is one, `sallyport.*` otherwise.
 */
import type { AuditEvent } from "./event.ts";

/**
 * The attributes of an event, for `span.addEvent` or a log record.
 *
 * @example
 * ```ts
 * import { auditAttributes, envTokens, MCPServer } from "@sallyport/server";
 *
 * declare const span: { addEvent(name: string, attributes: Record<string, string | number | string[]>): void };
 *
 * const server = new MCPServer({
 *   name: "mail",
 *   version: "1.0.0",
 *   auth: envTokens("MCP_API_KEY"),
 *   onAudit: (event) => span.addEvent("sallyport.auth", auditAttributes(event)),
 * });
 * ```
 */
export function auditAttributes(event: AuditEvent): Record<string, string | number | string[]> {
  const { requiredScopes } = event;
  const attributes = {
    "sallyport.auth.outcome": event.outcome,
    "sallyport.auth.correlation_id": event.correlationId,
    "sallyport.auth.scheme": event.scheme,
    "sallyport.auth.fingerprint": event.fingerprint,
    "sallyport.auth.key_id": event.keyId,
    "sallyport.auth.required_scopes": requiredScopes && [...requiredScopes],
    "error.type": event.reason,
    "enduser.id": event.subject,
    "client.address": event.address,
    "user_agent.original": event.userAgent,
    "http.request.method": event.method,
    "http.response.status_code": event.status,
    "url.path": event.path,
  };
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
