/**
 * Writes audit events to a logger with pino's interface.
 */
import type { AuditEvent } from "./event.ts";

/** What is needed of a logger: pino has it, and so have those that follow it, such as Fastify's. */
export interface AuditLogger {
  info(event: object, message: string): void;
  warn(event: object, message: string): void;
  error(event: object, message: string): void;
}

/**
 * A listener for `onAudit` that logs: what is admitted at `info`, what is refused at `warn`, what could not be verified at
 * `error`. The event is the field `auth` of the line.
 *
 * @example
 * ```ts
 * import { envTokens, MCPServer, pinoAudit } from "@sallyport/server";
 * import { pino } from "pino";
 *
 * const server = new MCPServer({
 *   name: "mail",
 *   version: "1.0.0",
 *   auth: envTokens("MCP_API_KEY"),
 *   onAudit: pinoAudit(pino()),
 * });
 * ```
 */
export function pinoAudit(logger: AuditLogger): (event: AuditEvent) => void {
  return (event) => {
    const line = { auth: event };
    if (event.outcome === "admitted") logger.info(line, "auth: admitted");
    else if (event.outcome === "refused") logger.warn(line, `auth: refused, ${event.reason}`);
    else logger.error(line, "auth: could not be verified");
  };
}
