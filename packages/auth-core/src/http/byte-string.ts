/**
 * Byte strings: text with one character for each byte, the form in which headers and `btoa` take bytes (Web IDL §3.10.17).
 */

/** The UTF-8 of a text, as a byte string. */
export function byteString(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** The bytes of a byte string. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
