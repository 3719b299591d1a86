/**
 * What is told about each decision of the gate: who, what, from where, how it ended. Nothing in it is a secret, and all foreign
 * text in it is bounded and on one line.
 */
import type { RefusalReason } from "../gate/refusal.ts";

/** How a decision ended. */
export type AuditOutcome = "admitted" | "refused" | "unavailable";

/** One decision of the gate. */
export interface AuditEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly outcome: AuditOutcome;
  /** Why not, unless it was admitted. */
  readonly reason?: RefusalReason;
  /** Status of the answer, unless it was admitted. */
  readonly status?: number;
  /** The scopes that were needed, when one of them was missing. */
  readonly requiredScopes?: readonly string[];
  /** The trace of the request (`traceparent`), or its `x-request-id`, or one of our own. */
  readonly correlationId: string;
  /** How the credential was sent, if one was. */
  readonly scheme?: string;
  /**
   * Tells credentials apart, in 16 characters: a keyed hash of the token, or of the user name where there is a password. With the
   * default key it means nothing outside of this process.
   */
  readonly fingerprint?: string;
  /** Who was admitted, or has too few scopes. */
  readonly subject?: string;
  /** The id of an API key, by its own word. */
  readonly keyId?: string;
  /** Method, path without query, address of the client and `User-Agent`; not over stdio. */
  readonly method?: string;
  readonly path?: string;
  readonly address?: string;
  readonly userAgent?: string;
}
