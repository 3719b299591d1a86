/**
 * Values encrypted with AES-256-GCM (NIST SP 800-38D). The key of the credential is authenticated with it: a value that
 * was moved to another credential's file does not decrypt.
 */
import { Buffer } from "node:buffer";
import type { Sealed } from "./record.ts";

/** Bytes of a key. */
export const keyBytes: number = 32;

/** A key that can encrypt and decrypt, and cannot be read out again. */
export function importKey(secret: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", Buffer.from(secret), "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function seal(cipher: CryptoKey, key: string, value: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(parameters(iv, key), cipher, Buffer.from(value));
  return { iv: Buffer.from(iv).toString("base64url"), data: Buffer.from(data).toString("base64url") };
}

/** The value, or `undefined` when it was encrypted with another key, for another credential, or changed. */
export async function unseal(cipher: CryptoKey, key: string, { iv, data }: Sealed): Promise<string | undefined> {
  try {
    const nonce = Buffer.from(iv, "base64url");
    const value = await crypto.subtle.decrypt(parameters(nonce, key), cipher, Buffer.from(data, "base64url"));
    return Buffer.from(value).toString("utf8");
  } catch {
    return undefined;
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, key: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: Buffer.from(`sallyport credential 1\n${key}`) };
}
