/**
 * Makes the audit events of a gate and hands them out. Whatever a listener does, the decision stands.
 */
import { parseKey } from "../api-keys/key-format.ts";
import type { Answer } from "../gate/answers.ts";
import { type Extraction, headerValues, type RequestHead } from "../gate/extract.ts";
import type { Refusal } from "../gate/refusal.ts";
import type { ClientAddress } from "../limits/client-address.ts";
import type { AccessToken } from "../token/access-token.ts";
import { cleanText } from "./clean-text.ts";
import { correlationId } from "./correlation.ts";
import type { AuditEvent } from "./event.ts";
import type { Fingerprints } from "./fingerprint.ts";

/** What an event is made from. */
export interface Decision {
  /** That of the request; `undefined` over stdio. */
  readonly head?: RequestHead;
  readonly found: Extraction;
  /** Who was recognised, if anybody was. */
  readonly caller: AccessToken | undefined;
  readonly refused?: { readonly refusal: Refusal; readonly answer?: Answer } | undefined;
}

/** Hands out the events of one gate. */
export class AuditTrail {
  readonly #onAudit: (event: AuditEvent) => unknown;
  readonly #fingerprints: Fingerprints;
  readonly #addressOf: ClientAddress;
  readonly #onError: (error: unknown) => void;

  /** @param onError - must not throw. */
  constructor(
    onAudit: (event: AuditEvent) => unknown,
    fingerprints: Fingerprints,
    addressOf: ClientAddress,
    onError: (error: unknown) => void,
  ) {
    this.#onAudit = onAudit;
    this.#fingerprints = fingerprints;
    this.#addressOf = addressOf;
    this.#onError = onError;
  }

  /** Nobody waits for it: neither the request for a listener, nor the next event for this one. */
  record(decision: Decision): void {
    const time = new Date().toISOString();
    this.#event(decision, time)
      .then((event) => this.#onAudit(event))
      .catch(this.#onError);
  }

  async #event({ head, found, caller, refused }: Decision, time: string): Promise<AuditEvent> {
    const text = found.kind === "token" ? found.token : found.kind === "password" ? found.username : undefined;
    const keyId = found.kind === "token" ? parseKey(found.token)?.id : undefined;
    const subject = caller?.subject;
    return {
      time,
      outcome: outcomeOf(refused?.refusal),
      ...(refused !== undefined && reasonOf(refused.refusal)),
      ...(refused?.answer !== undefined && { status: refused.answer.status }),
      correlationId: correlationId(head),
      ...schemeOf(found),
      ...(text !== undefined && { fingerprint: await this.#fingerprints.of(text) }),
      ...(subject !== undefined && { subject: cleanText(subject) }),
      ...(keyId !== undefined && { keyId }),
      ...(head !== undefined && this.#request(head)),
    };
  }

  #request(head: RequestHead): Partial<AuditEvent> {
    const address = this.#addressOf(head);
    const [userAgent] = headerValues(head.headers, "user-agent");
    return {
      method: cleanText(head.method, 32),
      path: cleanText(head.target.split(/[?#]/, 1)[0] ?? ""),
      ...(address !== undefined && { address: cleanText(address, 64) }),
      ...(userAgent !== undefined && { userAgent: cleanText(userAgent) }),
    };
  }
}

function outcomeOf(refusal: Refusal | undefined): AuditEvent["outcome"] {
  if (refusal === undefined) return "admitted";
  return refusal.reason === "temporarily_unavailable" ? "unavailable" : "refused";
}

function reasonOf(refusal: Refusal): Partial<AuditEvent> {
  const { reason } = refusal;
  return reason === "insufficient_scope" ? { reason, requiredScopes: refusal.scopes } : { reason };
}

function schemeOf(found: Extraction): { readonly scheme?: string } {
  if (found.kind === "token") return { scheme: "Bearer" };
  if (found.kind === "password") return { scheme: "Basic" };
  return found.kind === "malformed" ? { scheme: found.scheme } : {};
}
