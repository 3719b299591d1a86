/**
 * The keys of an issuer (RFC 7517), as `jose` looks for them. Only the issuer's own key set is asked: what a token says about
 * where its key is (`jku`, `x5u`, a `kid` that is a URL) is not followed.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { unavailable } from "../../verification/bounded-fetch.ts";
import { fetchJson } from "../../verification/fetch-json.ts";
import { RemoteValue } from "../../verification/remote-value.ts";

/** How keys are fetched. */
export interface RemoteKeysOptions {
  /** Sends the requests. Default: the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch | undefined;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

const freshMs = 10 * 60_000;
const mostKeys = 100;

/** The key that a token names. It rejects with jose's errors, and with `temporarily_unavailable` when there are no keys. */
export function remoteKeys(url: () => Promise<URL>, { fetch, now }: RemoteKeysOptions = {}): JWTVerifyGetKey {
  const keys = new RemoteValue(async () => keySet(await url(), fetch), { freshMs, now });
  return async (header, token) => {
    const known = await keys.get();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // The issuer may have a new key. When it cannot say, nobody knows whether the token is good.
      const newest = await keys.newest();
      if (newest === known) throw error;
      return newest(header, token);
    }
  };
}

async function keySet(url: URL, fetch: typeof globalThis.fetch | undefined): Promise<JWTVerifyGetKey> {
  const document = await fetchJson(url, { fetch });
  const { keys } = document;
  if (!Array.isArray(keys) || keys.length > mostKeys) throw unavailable(url, "is no key set (RFC 7517 §5)");
  try {
    return createLocalJWKSet(document as unknown as JSONWebKeySet);
  } catch (cause) {
    // jose's error would be taken for one of the token.
    throw unavailable(url, "is no key set (RFC 7517 §5)", cause);
  }
}
