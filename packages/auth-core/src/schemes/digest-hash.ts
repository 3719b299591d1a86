/**
 * The hash algorithms of Digest: RFC 7616 §6.1. Not from Web Crypto, which has neither MD5 nor SHA-512/256.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { sha256, sha512_256 } from "@noble/hashes/sha2.js";
import { bytesToHex, type CHash } from "@noble/hashes/utils.js";
import { bytesOf } from "../http/byte-string.ts";

/** One of `MD5`, `SHA-256` and `SHA-512-256`, with or without `-sess`. */
export interface DigestAlgorithm {
  readonly hash: CHash;
  /** Whether the password enters each response through a key of the session (`-sess`). */
  readonly session: boolean;
  /** The higher, the stronger. */
  readonly strength: number;
}

// Weakest first.
const hashes: readonly (readonly [name: string, hash: CHash])[] = [
  ["md5", md5],
  ["sha-256", sha256],
  ["sha-512-256", sha512_256],
];

/** The algorithm of a name, in whichever case a server writes it; `undefined` when it is not one of these. */
export function digestAlgorithm(name: string): DigestAlgorithm | undefined {
  const plain = name.toLowerCase().replace(/-sess$/, "");
  const strength = hashes.findIndex(([known]) => known === plain);
  const hash = hashes[strength]?.[1];
  return hash && { hash, session: plain.length < name.length, strength };
}

/** H(data) of RFC 7616 §3.3, of a byte string. */
export function hashText(hash: CHash, data: string): string {
  return bytesToHex(hash(bytesOf(data)));
}

/** The hash of a body, read chunk by chunk so that no second copy of it is made. */
export async function hashBody(hash: CHash, request: Request): Promise<string> {
  // Firefox has no `Request.body`.
  if (request.body === undefined) return bytesToHex(hash(new Uint8Array(await request.arrayBuffer())));
  const state = hash.create();
  const reader = request.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return bytesToHex(state.digest());
    state.update(chunk.value);
  }
}
