/**
 * API keys: made, rotated and revoked by the server's operator, sent by clients as bearer tokens. Only their SHA-256 is kept.
 * NIST SP 800-63B §5.1.2 on look-up secrets of that length: no slow hash is needed.
 */
import { SallyportError } from "@sallyport/auth-core";
import { BearerAuthProvider, type BearerAuthProviderOptions } from "../providers/bearer-auth-provider.ts";
import { AccessToken } from "../token/access-token.ts";
import { tokenDigest } from "../verification/token-digest.ts";
import { type ApiKeyInfo, IssuedApiKey, infoOf } from "./issued-key.ts";
import { checkPrefix, isKeyId, newKey, newKeyId, parseKey } from "./key-format.ts";
import { LastUse } from "./last-use.ts";
import { checkEnd, type NewApiKey, newRecord } from "./new-record.ts";
import { type ApiKeyRecord, type ApiKeyStore, readStored, type StoredApiKey } from "./store.ts";

/** Options of {@link apiKeys}. */
export interface ApiKeysOptions extends BearerAuthProviderOptions {
  /** Where keys are kept: `memoryKeyStore()`, `fileKeyStore(folder)`, `keyvKeyStore(keyv)`, or your own. */
  readonly store: ApiKeyStore;
  /** What keys begin with: 1 to 16 lower-case letters and digits. Default `sp`. */
  readonly prefix?: string;
  /** How often the last use of a key is noted at most, in milliseconds. Default 300,000, five minutes. */
  readonly lastUsedEveryMs?: number;
  /** Told when a last use could not be noted; no request fails for it. Default: nobody is told. */
  readonly onError?: (error: unknown) => void;
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** How a key is rotated. */
export interface RotateOptions {
  /** How long the key so far is still good, in seconds. Default 86,400, a day; 0 ends it at once. */
  readonly overlapSeconds?: number;
  /** When the new key ends, in seconds since 1970. Default: when the one so far would have. */
  readonly expiresAt?: number;
}

/**
 * A provider that accepts the API keys of a store, and manages them.
 *
 * A key is `sp_<id>_<secret><checksum>`: the id is no secret and may be logged. The claim `key_id` of a token is that id.
 *
 * @throws SallyportError (`config_invalid`) when an option cannot be used.
 *
 * @example
 * ```ts
 * import { apiKeys, fileKeyStore, MCPServer } from "@sallyport/server";
 *
 * const auth = apiKeys({ store: fileKeyStore("/srv/mcp/keys") });
 * const { key, id } = await auth.create({ subject: "ci", scopes: ["deploy"] }); // key: shown this once
 * const server = new MCPServer({ name: "deploy", version: "1.0.0", auth });
 * ```
 */
export function apiKeys(options: ApiKeysOptions): ApiKeys {
  return new ApiKeys(options);
}

/** The provider that {@link apiKeys} makes. */
export class ApiKeys extends BearerAuthProvider {
  readonly #store: ApiKeyStore;
  readonly #prefix: string;
  readonly #lastUse: LastUse;
  readonly #now: () => number;

  constructor(options: ApiKeysOptions) {
    const { store, prefix = "sp", lastUsedEveryMs = 300_000, onError = () => {}, now = Date.now, ...rest } = options;
    super(rest);
    if (typeof store?.find !== "function") {
      throw new SallyportError("config_invalid", "apiKeys: store: must be a store, such as memoryKeyStore().");
    }
    if (!(lastUsedEveryMs >= 0)) {
      throw new SallyportError("config_invalid", "apiKeys: lastUsedEveryMs: must be a number of milliseconds.");
    }
    this.#store = store;
    this.#prefix = checkPrefix(prefix);
    this.#lastUse = new LastUse(store, lastUsedEveryMs, onError);
    this.#now = now;
  }

  /** Tokens that begin with the prefix and an underscore are keys of this provider, and no others. */
  override owns(token: string): boolean {
    return token.startsWith(`${this.#prefix}_`);
  }

  /**
   * Judge a key. One that is mistyped, cut off or of another prefix is refused without asking the store.
   *
   * @throws whatever the store rejects with.
   */
  override async verifyToken(token: string): Promise<AccessToken | null> {
    const parsed = parseKey(token);
    if (parsed?.prefix !== this.#prefix) return null;
    const stored = await this.#find(parsed.id);
    const digest = await tokenDigest(token);
    // The same work whether there is such a key or not, and whether it was rotated or not.
    const isCurrent = equal(digest, stored?.hash ?? nobody);
    const isPrevious = equal(digest, stored?.previous?.hash ?? nobody);
    if (stored === undefined || !(isCurrent || isPrevious)) return null;
    const nowMs = this.#now();
    const end = isCurrent ? stored.expiresAt : earlier(stored.previous?.expiresAt, stored.expiresAt);
    if (stored.revokedAt !== undefined || (end !== undefined && end <= nowMs / 1000)) return null;
    this.#lastUse.note(stored.id, nowMs);
    const { id, subject, scopes, claims } = stored;
    return new AccessToken({ token, subject, scopes, claims: { ...claims, key_id: id }, expiresAt: end });
  }

  /**
   * Make a key. The result is the only place where it can be read.
   *
   * @throws SallyportError (`config_invalid`) when something of it cannot be kept; whatever the store rejects with.
   */
  async create(init: NewApiKey = {}): Promise<IssuedApiKey> {
    const id = newKeyId();
    const key = newKey(this.#prefix, id);
    const now = this.#seconds();
    const record = newRecord(id, await tokenDigest(key), init, now);
    await this.#store.put(record);
    return new IssuedApiKey(key, infoOf(record, now));
  }

  /** All keys, the oldest first: also those that have ended or were revoked. */
  async list(): Promise<readonly ApiKeyInfo[]> {
    const now = this.#seconds();
    const keys = await this.#store.list();
    return keys
      .map((key) => infoOf(readStored(key, key.id), now))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /**
   * Give a key a new secret. Its id and all it stands for stay. The one so far is good for the overlap; the one before that ends
   * now, so that at most two are good at a time.
   *
   * @throws SallyportError (`config_invalid`) when there is no such key, it was revoked or has ended, or an option cannot be
   *   used; whatever the store rejects with.
   */
  async rotate(id: string, options: RotateOptions = {}): Promise<IssuedApiKey> {
    const { overlapSeconds = 86_400, expiresAt } = options;
    if (!(overlapSeconds >= 0 && Number.isFinite(overlapSeconds))) {
      throw new SallyportError("config_invalid", "rotate: overlapSeconds: must be a number of seconds, 0 or more.");
    }
    const stored = await this.#existing(id);
    const now = this.#seconds();
    if (stored.revokedAt !== undefined) throw unusable(id, "was revoked");
    const end = expiresAt === undefined ? stored.expiresAt : checkEnd(expiresAt, now);
    if (end !== undefined && end <= now) throw unusable(id, "has ended");
    const key = newKey(this.#prefix, id);
    const { revokedAt: _revokedAt, lastUsedAt: _lastUsedAt, expiresAt: endSoFar, ...kept } = stored;
    const record: ApiKeyRecord = {
      ...kept,
      hash: await tokenDigest(key),
      previous: { hash: stored.hash, expiresAt: earlier(now + overlapSeconds, endSoFar) ?? now },
      rotatedAt: now,
      ...(end !== undefined && { expiresAt: end }),
    };
    await this.#store.put(record);
    return new IssuedApiKey(key, infoOf(record, now));
  }

  /**
   * Revoke a key for good, with the one before its rotation. When this resolves, every process that shares the store refuses it.
   *
   * @returns false when there is no such key.
   * @throws whatever the store rejects with: the key is then to be taken for good.
   */
  async revoke(id: string): Promise<boolean> {
    if ((await this.#find(id)) === undefined) return false;
    await this.#store.revoke(id, this.#seconds());
    return true;
  }

  async #find(id: string): Promise<StoredApiKey | undefined> {
    const stored = isKeyId(id) ? await this.#store.find(id) : undefined;
    return stored === undefined ? undefined : readStored(stored, id);
  }

  async #existing(id: string): Promise<StoredApiKey> {
    const stored = await this.#find(id);
    if (stored !== undefined) return stored;
    throw new SallyportError(
      "config_invalid",
      "rotate: there is no API key with this id. `list` shows those there are.",
    );
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}

// No text is known to have this digest.
const nobody = "A".repeat(43);

// All characters, whatever the first ones say. Both have 43.
function equal(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index += 1) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function unusable(id: string, why: string): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `rotate: the API key ${id} ${why}. Create another one.`);
}
