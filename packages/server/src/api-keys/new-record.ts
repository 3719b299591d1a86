/**
 * What a key may be given when it is made. Everything is checked then, so that no stored key fails at a request.
 */
import { SallyportError } from "@sallyport/auth-core";
import { checkScopes } from "../token/scopes.ts";
import type { ApiKeyRecord } from "./store.ts";

/** What a new key stands for. */
export interface NewApiKey {
  /** Who the key stands for. Default: its id. */
  readonly subject?: string;
  /** For people: what the key is for. At most 200 characters. */
  readonly name?: string;
  /** What it allows. Default: nothing. */
  readonly scopes?: readonly string[];
  /** What handlers may read of it, as JSON of at most 16 KiB. Default: nothing. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** When it ends, in seconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined;
}

const maxClaims = 16_384;

/**
 * @param now - in seconds since 1970.
 * @throws SallyportError (`config_invalid`) when something cannot be kept, or the key would have ended already.
 */
export function newRecord(id: string, hash: string, init: NewApiKey, now: number): ApiKeyRecord {
  const { subject = id, name, scopes = [], claims = {}, expiresAt } = init;
  if (typeof subject !== "string" || subject === "" || subject.length > 256) {
    throw invalid("subject: must be a text of 1 to 256 characters.");
  }
  if (name !== undefined && (typeof name !== "string" || name.length > 200)) {
    throw invalid("name: must be a text of at most 200 characters.");
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    throw invalid("claims: must be an object.");
  }
  return {
    id,
    hash,
    subject,
    scopes: checkScopes(scopes, "apiKeys: scopes"),
    claims: asJson(claims),
    createdAt: now,
    ...(name !== undefined && { name }),
    ...(expiresAt !== undefined && { expiresAt: checkEnd(expiresAt, now) }),
  };
}

/** @throws SallyportError (`config_invalid`) when it is no time to come, in seconds since 1970. */
export function checkEnd(expiresAt: number, now: number): number {
  // What is left of a century in seconds has ten digits: a time in milliseconds is meant to be found out.
  if (Number.isFinite(expiresAt) && expiresAt > now && expiresAt < 1e11) return expiresAt;
  throw invalid("expiresAt: must be a time to come, in seconds since 1970.");
}

function asJson(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = JSON.stringify(claims);
  } catch (cause) {
    throw invalid("claims: must be JSON.", cause);
  }
  if (text.length > maxClaims) throw invalid(`claims: must be at most ${maxClaims} characters of JSON.`);
  return JSON.parse(text);
}

function invalid(message: string, cause?: unknown): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `apiKeys: ${message}`, cause === undefined ? {} : { cause });
}
