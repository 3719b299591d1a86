/**
 * Where the authorization server keeps everything: one map, into which a test can reach.
 */
import type { Adapter, StoredPayload } from "./oidc-provider.ts";

/** Things of all kinds, gone once expired or destroyed. */
export interface OidcStorage {
  /** The adapter of one kind, as `oidc-provider` asks for it. */
  readonly adapter: (kind: string) => Adapter;
  /** Ids of everything of one kind. */
  ids(kind: string): string[];
  /** Remove everything of one kind, or one thing. */
  remove(kind: string, id?: string): void;
}

interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly payload: StoredPayload;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export function oidcStorage(): OidcStorage {
  const entries = new Map<string, Entry>();
  const live = (kind: string): Entry[] =>
    [...entries.values()].filter((entry) => entry.kind === kind && entry.expiresAt > Date.now());

  const adapter = (kind: string): Adapter => {
    const key = (id: string) => `${kind}:${id}`;
    const findBy = (name: "userCode" | "uid", value: string) =>
      live(kind).find(({ payload }) => payload[name] === value)?.payload;
    return {
      async upsert(id, payload, expiresIn = Number.POSITIVE_INFINITY) {
        entries.set(key(id), { kind, id, payload, expiresAt: Date.now() + expiresIn * 1000 });
      },
      async find(id) {
        const entry = entries.get(key(id));
        return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
      },
      findByUserCode: async (userCode) => findBy("userCode", userCode),
      findByUid: async (uid) => findBy("uid", uid),
      async consume(id) {
        const entry = entries.get(key(id));
        if (entry === undefined) return;
        const payload = { ...entry.payload, consumed: Math.floor(Date.now() / 1000) };
        entries.set(key(id), { ...entry, payload });
      },
      async destroy(id) {
        entries.delete(key(id));
      },
      async revokeByGrantId(grantId) {
        for (const { id, payload } of live(kind)) if (payload.grantId === grantId) entries.delete(key(id));
      },
    };
  };

  return {
    adapter,
    ids: (kind) => live(kind).map(({ id }) => id),
    remove(kind, id) {
      for (const [key, entry] of entries)
        if (entry.kind === kind && (id === undefined || entry.id === id)) entries.delete(key);
    },
  };
}
