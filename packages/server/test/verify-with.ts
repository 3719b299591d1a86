import type { AccessToken, BearerAuthProvider } from "../src/index.ts";

/** What a provider says of a token. */
export function verifyWith(provider: BearerAuthProvider, token: string): Promise<AccessToken | null> {
  return provider.verifyToken(token, { signal: new AbortController().signal });
}
