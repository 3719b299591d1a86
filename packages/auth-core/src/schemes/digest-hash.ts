/**
 * The hash functions of Digest: RFC 7616 §6.1. Not from Web Crypto, which has neither MD5 nor SHA-512/256.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { sha256, sha512_256 } from "@noble/hashes/sha2.js";
import { bytesToHex, type CHash } from "@noble/hashes/utils.js";
import { bytesOf } from "../http/byte-string.ts";
import type { DigestHash } from "./digest-algorithm.ts";

const functions: Readonly<Record<DigestHash, CHash>> = { md5, "sha-256": sha256, "sha-512-256": sha512_256 };

/** H(data) of RFC 7616 §3.3, of a byte string. */
export function hashText(hash: DigestHash, data: string): string {
  return bytesToHex(functions[hash](bytesOf(data)));
}

/** The hash of a body, read chunk by chunk so that no second copy of it is made. */
export async function hashBody(hash: DigestHash, request: Request): Promise<string> {
  const state = functions[hash].create();
  // Firefox has no `Request.body`.
  if (request.body === undefined) return bytesToHex(state.update(new Uint8Array(await request.arrayBuffer())).digest());
  const reader = request.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return bytesToHex(state.digest());
    state.update(chunk.value);
  }
}
