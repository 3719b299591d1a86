/**
 * The `Content-Digest` of a body, RFC 9530 §2.
 */
import { toBase64 } from "../http/bytes.ts";

/** The algorithms that RFC 9530 §5 lists as active, and what Web Crypto calls them. */
export const digestAlgorithms: Readonly<Record<"sha-256" | "sha-512", string>> = {
  "sha-256": "SHA-256",
  "sha-512": "SHA-512",
};

/** The digest of a body, as its field writes it. */
export async function contentDigest(
  body: ArrayBuffer,
  algorithm: keyof typeof digestAlgorithms = "sha-256",
): Promise<string> {
  return `${algorithm}=:${toBase64(await crypto.subtle.digest(digestAlgorithms[algorithm], body))}:`;
}
