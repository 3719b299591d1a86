/**
 * A key that has just been made: the only time that it can be read.
 */
import type { ApiKeyRecord, StoredApiKey } from "./store.ts";

/** What may be known of a key: all but its hashes. Times are in seconds since 1970. */
export type ApiKeyInfo = Omit<StoredApiKey, "hash" | "previous"> & {
  /** When the key before the last rotation ends, if it has not yet. */
  readonly previousExpiresAt?: number;
};

/**
 * A new key. `key` is to be given to whoever will send it; it is kept nowhere. JSON and inspectors do not show it.
 */
export class IssuedApiKey {
  readonly #key: string;
  readonly info: ApiKeyInfo;

  constructor(key: string, info: ApiKeyInfo) {
    this.#key = key;
    this.info = info;
  }

  /** `sp_<id>_<secret><checksum>`. */
  get key(): string {
    return this.#key;
  }

  get id(): string {
    return this.info.id;
  }
}

/** What may be shown of a record. */
export function infoOf({ hash: _, previous, ...rest }: ApiKeyRecord | StoredApiKey, now: number): ApiKeyInfo {
  return {
    ...rest,
    ...(previous !== undefined && previous.expiresAt > now && { previousExpiresAt: previous.expiresAt }),
  };
}
