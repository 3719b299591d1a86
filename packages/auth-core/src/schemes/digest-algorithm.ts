/**
 * The names of the hash algorithms of Digest: RFC 7616 §6.1.
 */

/** One of `MD5`, `SHA-256` and `SHA-512-256`, with or without `-sess`. */
export interface DigestAlgorithm {
  readonly hash: DigestHash;
  /** Whether the password enters each response through a key of the session (`-sess`). */
  readonly session: boolean;
  /** The higher, the stronger. */
  readonly strength: number;
}

export type DigestHash = (typeof hashes)[number];

// Weakest first.
const hashes = ["md5", "sha-256", "sha-512-256"] as const;

/** The algorithm of a name, in whichever case a server writes it; `undefined` when it is not one of these. */
export function digestAlgorithm(name: string): DigestAlgorithm | undefined {
  const plain = name.toLowerCase().replace(/-sess$/, "");
  const strength = (hashes as readonly string[]).indexOf(plain);
  const hash = hashes[strength];
  return hash && { hash, session: plain.length < name.length, strength };
}
