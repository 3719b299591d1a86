/**
 * Keys in PEM (RFC 7468) and what is inside: PKCS#8 (RFC 5958) and SubjectPublicKeyInfo (RFC 5280 §4.1). Only as much of
 * ASN.1 as it takes to say which kind of key it is before Web Crypto is asked.
 */
import { fromBase64, toHex } from "../http/bytes.ts";

/** A key file that can be imported. */
export interface KeyFile {
  readonly format: "pkcs8" | "spki";
  readonly kind: "ed25519" | "p256" | "rsa";
  readonly der: Uint8Array<ArrayBuffer>;
}

/** Read a PEM file. Gives a sentence about what to do when it cannot be used; the sentence never quotes it. */
export function readKeyFile(text: string): KeyFile | { readonly problem: string } {
  const pem = /-----BEGIN ([A-Z0-9 ]+)-----([\sA-Za-z0-9+/=]*)-----END \1-----/.exec(text);
  if (pem === null) return { problem: fixes.get(labelOf(text)) ?? "is not a whole PEM file" };
  const [, label = "", base64 = ""] = pem;
  if (label !== "PRIVATE KEY" && label !== "PUBLIC KEY") {
    return { problem: fixes.get(label) ?? "is a PEM file that holds no key" };
  }
  const der = fromBase64(base64.replace(/\s/g, ""));
  const parts = der === undefined ? undefined : sequence(der);
  // Both begin with the algorithm, PKCS#8 after its version.
  const algorithm = parts?.find((part) => part[0] === 0x30);
  if (der === undefined || parts === undefined || algorithm === undefined) return { problem: damaged };
  const format = label === "PRIVATE KEY" ? "pkcs8" : "spki";
  const [oid, parameters] = (sequence(algorithm) ?? []).map((part) => toHex(part.slice().buffer));
  switch (oid) {
    case "06032b6570":
      return { format, kind: "ed25519", der };
    case "06072a8648ce3d0201":
      if (parameters !== "06082a8648ce3d030107") return { problem: "is an EC key of another curve than P-256" };
      return { format, kind: "p256", der };
    case "06092a864886f70d010101":
      return { format, kind: "rsa", der };
    case "06092a864886f70d01010a":
      // id-RSASSA-PSS (RFC 4055 §1.2), which Web Crypto does not read: the same key under the name of all RSA keys.
      if (parameters !== undefined && parameters !== "3000" && !parameters.includes(sha512)) {
        return { problem: "is an RSA-PSS key that is bound to another hash than SHA-512" };
      }
      return { format, kind: "rsa", der: tagged(parts.map((part) => (part === algorithm ? rsaEncryption : part))) };
    default:
      return { problem: "is a key of a kind that is not supported: use Ed25519, EC P-256 or RSA" };
  }
}

const damaged = "is damaged: what is in the PEM file is no key";

const sha512 = "0609608648016503040203";

const rsaEncryption = Uint8Array.of(
  ...[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00],
);

const fixes: ReadonlyMap<string, string> = new Map([
  [
    "RSA PRIVATE KEY",
    "is in the old form PKCS#1; convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem",
  ],
  ["EC PRIVATE KEY", "is in the old form SEC 1; convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem"],
  ["RSA PUBLIC KEY", "is in the old form PKCS#1; convert it: openssl rsa -RSAPublicKey_in -in key.pem -pubout"],
  ["ENCRYPTED PRIVATE KEY", "is encrypted; decrypt it: openssl pkcs8 -in key.pem -out pkcs8.pem"],
  ["OPENSSH PRIVATE KEY", "is in the form of OpenSSH; make one with: openssl genpkey -algorithm ed25519"],
  ["CERTIFICATE", "is a certificate; take its key out: openssl x509 -in certificate.pem -pubkey -noout"],
]);

function labelOf(text: string): string {
  return /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1] ?? "";
}

/** The members of a DER sequence, each with its head; `undefined` when it is none. */
function sequence(der: Uint8Array): Uint8Array[] | undefined {
  const outer = element(der, 0);
  if (outer === undefined || der[0] !== 0x30 || outer.end !== der.length) return undefined;
  const members: Uint8Array[] = [];
  for (let at = outer.start; at < der.length; ) {
    const member = element(der, at);
    if (member === undefined) return undefined;
    members.push(der.subarray(at, member.end));
    at = member.end;
  }
  return members;
}

/** Where the content of a DER element begins and ends. Keys are far below 64 KiB. */
function element(der: Uint8Array, at: number): { start: number; end: number } | undefined {
  const [first = 0xff, second = 0, third = 0] = der.subarray(at + 1, at + 4);
  const bytes = first < 0x80 ? 0 : first - 0x80;
  if (bytes > 2) return undefined;
  const length = bytes === 0 ? first : bytes === 1 ? second : second * 256 + third;
  const start = at + 2 + bytes;
  return start + length > der.length ? undefined : { start, end: start + length };
}

/** A DER sequence of these members. */
function tagged(members: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = members.reduce((sum, member) => sum + member.length, 0);
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([0x30, ...head, ...members.flatMap((member) => [...member])]);
}
