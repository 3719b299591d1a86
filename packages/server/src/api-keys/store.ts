/**
 * Where API keys are kept, and what of them: hashes, never keys. What a store gives is checked: it may have been written by a
 * later version, or by somebody else.
 */
import { SallyportError } from "@sallyport/auth-core";
import { isKeyId } from "./key-format.ts";

/** What is kept of a key. Times are in seconds since 1970. */
export interface ApiKeyRecord {
  /** 16 lower-case letters and digits. No secret: it may be shown and logged. */
  readonly id: string;
  /** SHA-256 of the key in base64url. The secret in it has 256 bits, so that no slow hash is needed. */
  readonly hash: string;
  /** The key before the last rotation, and when it ends. */
  readonly previous?: { readonly hash: string; readonly expiresAt: number };
  /** For people: what the key is for. */
  readonly name?: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly rotatedAt?: number;
  readonly expiresAt?: number;
}

/** A record, and what has become of its key. Times are in seconds since 1970. */
export interface StoredApiKey extends ApiKeyRecord {
  readonly revokedAt?: number;
  readonly lastUsedAt?: number;
}

/**
 * Where API keys are kept. Several processes may use one store at a time. Every method rejects when it cannot do what it says:
 * callers then get 503, never 401.
 */
export interface ApiKeyStore {
  /** The key of an id, with `revokedAt` if it was revoked; `undefined` when it is certain that there is none. */
  find(id: string): Promise<StoredApiKey | undefined>;
  /** All keys, in any order, with `revokedAt` and `lastUsedAt`. */
  list(): Promise<readonly StoredApiKey[]>;
  /** Keep a record, in place of the one of its id. A revocation stays, whichever comes first. */
  put(record: ApiKeyRecord): Promise<void>;
  /** Revoke a key for good. */
  revoke(id: string, at: number): Promise<void>;
  /** Note when a key was used. Must change nothing else, however it coincides with other calls. */
  touch(id: string, at: number): Promise<void>;
}

/**
 * A record as a store gave it, without what it does not have.
 *
 * @throws SallyportError (`store_unavailable`) when it is no record of this id.
 */
export function readStored(value: unknown, id: string): StoredApiKey {
  const { hash, previous, name, subject, scopes, claims, createdAt, ...rest } = asObject(value);
  const sound =
    rest["id"] === id &&
    isKeyId(id) &&
    isHash(hash) &&
    (previous === undefined || isPrevious(previous)) &&
    (name === undefined || typeof name === "string") &&
    typeof subject === "string" &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === "string") &&
    typeof claims === "object" &&
    claims !== null &&
    !Array.isArray(claims) &&
    isTime(createdAt);
  if (!sound) throw damaged(id);
  return {
    id,
    hash,
    subject,
    scopes,
    claims: claims as Record<string, unknown>,
    createdAt,
    ...(previous !== undefined && { previous: { hash: previous.hash, expiresAt: previous.expiresAt } }),
    ...(name !== undefined && { name }),
    ...times(rest, id),
  };
}

function times(record: Readonly<Record<string, unknown>>, id: string): Partial<StoredApiKey> {
  const found: Record<string, number> = {};
  for (const name of ["rotatedAt", "expiresAt", "revokedAt", "lastUsedAt"]) {
    const time = record[name];
    if (time === undefined) continue;
    // An end that cannot be read is not "never".
    if (!isTime(time)) throw damaged(id);
    found[name] = time;
  }
  return found;
}

/** Whether a value is a time in seconds since 1970. */
export function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** The error for what was not written by this package. What it says is not shown. */
export function damaged(id: string): SallyportError<"store_unavailable"> {
  const shown = isKeyId(id) ? id : "of a strange id";
  return new SallyportError(
    "store_unavailable",
    `What is stored of the API key ${shown} is no record that this version can read. It was left as it is: remove it, or update Sallyport.`,
  );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{43}$/.test(value);
}

function isPrevious(value: unknown): value is { readonly hash: string; readonly expiresAt: number } {
  const { hash, expiresAt } = asObject(value);
  return isHash(hash) && isTime(expiresAt);
}
