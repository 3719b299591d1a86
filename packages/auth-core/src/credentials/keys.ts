/**
 * How a credential is keyed: SHA-256 over everything that tells it from another, each part with its length, so that no
 * two different lists of parts read the same (BIND-08). Never a short hash, never the host alone.
 */
import { toHex, utf8 } from "../http/bytes.ts";

/** What a key stands for. */
export type CredentialKind = "server" | "client" | "tokens" | "pending";

/**
 * The key under which a store keeps a credential: `tokens-` and 64 hexadecimal digits.
 *
 * @param parts - compared byte for byte: URLs and identifiers as they were given, in a fixed order.
 */
export async function credentialKey(kind: CredentialKind, parts: readonly string[]): Promise<string> {
  const text = [kind, ...parts].map((part) => `${utf8(part).byteLength}:${part}`).join(",");
  return `${kind}-${toHex(await crypto.subtle.digest("SHA-256", utf8(text)))}`;
}
