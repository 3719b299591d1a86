/**
 * What one credential file holds, version 1: the key it belongs to, and its value, plain with a checksum or encrypted.
 */
import { createHash } from "node:crypto";
import { SallyportError } from "@sallyport/auth-core/errors";

/** A value that was encrypted. */
export interface Sealed {
  /** The nonce, base64url. */
  readonly iv: string;
  /** Ciphertext and tag, base64url. */
  readonly data: string;
}

/** The content of a credential file. */
export type Content = { readonly value: string } | { readonly sealed: Sealed };

/** The most that a value may hold, in characters. */
export const valueLimit: number = 256 * 1024;

/**
 * The name, without an ending, of the file for a key. A key that is no plain name on every file system becomes its
 * SHA-256: the file tells the key itself, which is compared.
 *
 * @throws SallyportError `store_unavailable` for what is no key: nothing would find it again.
 */
export function nameOf(key: string): string {
  if (!/^[\x21-\x7e]{1,256}$/.test(key) || /[/\\]/.test(key)) {
    throw new SallyportError(
      "store_unavailable",
      "A credential key must be 1 to 256 printable ASCII characters without a space, slash or backslash.",
    );
  }
  // Some systems do not tell capital letters from small ones, and Windows reserves a few names.
  const plain = /^[a-z0-9_-]{1,100}$/.test(key) && !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(key);
  return plain ? key : `~${sha256(key)}`;
}

/** The text of a credential file. */
export function formatRecord(key: string, content: Content): string {
  const record = "value" in content ? { value: content.value, sha256: checksum(key, content.value) } : content;
  return `${JSON.stringify({ version: 1, key, ...record })}\n`;
}

/**
 * Read the text of a credential file.
 *
 * @param path - where it came from, for the message.
 * @throws SallyportError `store_unavailable` for anything but what was written for this key.
 */
export function parseRecord(text: string, key: string, path: string): Content {
  const record = parseObject(text);
  if (record === undefined) throw damaged(path, "it is not the JSON object that was written");
  const { version, value, sealed } = record;
  if (typeof version === "number" && version > 1) {
    throw new SallyportError(
      "store_unavailable",
      `The credential file ${path} was written by a newer version of Sallyport (format ${version}). It was left as it is. Update Sallyport, or set SALLYPORT_HOME to another folder.`,
    );
  }
  if (version !== 1) throw damaged(path, "its `version` is not 1");
  if (record["key"] !== key) throw damaged(path, "it belongs to another credential");
  if (isSealed(sealed)) return { sealed };
  if (typeof value !== "string") throw damaged(path, "it has no `value`");
  if (record["sha256"] !== checksum(key, value)) throw damaged(path, "it was changed after it was written");
  return { value };
}

/** `store_unavailable` for a file that is not what was written. It stays: whoever wants to can look at it. */
export function damaged(path: string, why: string, cause?: unknown): SallyportError {
  return new SallyportError(
    "store_unavailable",
    `The credential file ${path} is damaged: ${why}. It was left as it is and is not used. Sign out or delete it, then sign in again.`,
    { cause },
  );
}

/** The object that a text holds, or `undefined`. The parser's error would quote the text. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isSealed(value: unknown): value is Sealed {
  if (typeof value !== "object" || value === null) return false;
  const { iv, data } = value as Record<string, unknown>;
  return typeof iv === "string" && typeof data === "string";
}

function checksum(key: string, value: string): string {
  return sha256(`${key}\n${value}`);
}

/** Hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
