/**
 * The checksum at the end of an API key: CRC-32 (ISO 3309, the one of zip and PNG) in six digits of base 62. It protects nothing;
 * it tells a mistyped or cut-off key, or a text that only looks like one, from a key.
 */

/** Digits of base 62, in the order of their value. */
export const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The checksum of an ASCII text: six letters and digits. */
export function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ text.charCodeAt(index)) & 0xff] ?? 0);
  }
  let rest = ~crc >>> 0;
  let digits = "";
  for (let place = 0; place < 6; place += 1) {
    digits = (base62[rest % 62] ?? "") + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
