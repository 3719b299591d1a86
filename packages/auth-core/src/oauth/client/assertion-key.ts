/**
 * Private keys that sign JWTs: PEM or JWK, over Web Crypto (RFC 7515, RFC 7517, RFC 7518 §3).
 */
import { parseObject } from "../../json.ts";
import { readKeyFile } from "../../schemes/signature-key-file.ts";

/** A private key and what it signs with. */
export interface AssertionKey {
  readonly key: CryptoKey;
  /** The `alg` of the header. */
  readonly alg: string;
  /** The `kid` of a JWK. */
  readonly kid?: string;
}

type Problem = { readonly problem: string };

interface Material {
  readonly format: "pkcs8" | "jwk";
  readonly data: Uint8Array<ArrayBuffer> | JsonWebKey;
  /** What a key of this kind can sign with, best known first. */
  readonly algorithms: readonly string[];
  readonly kid?: string;
}

/**
 * Import a private key.
 *
 * @param supported - the algorithms that the server takes. Of several that an RSA key can sign with, one of these is used.
 * @returns a sentence about what is wrong with the key. It never quotes it.
 */
export async function importAssertionKey(text: string, supported?: readonly string[]): Promise<AssertionKey | Problem> {
  const material = text.trimStart().startsWith("{") ? readJwk(text) : readPem(text);
  if ("problem" in material) return material;
  const { format, data, algorithms, kid } = material;
  const [fallback = ""] = algorithms;
  const alg = algorithms.find((name) => supported?.includes(name)) ?? fallback;
  try {
    const key = await importPrivateKey(format, data, parameters(alg));
    const { modulusLength = 2048 } = key.algorithm as Partial<RsaKeyAlgorithm>;
    // RFC 7518 §3.3 and §3.5.
    if (modulusLength < 2048) return { problem: `is an RSA key of ${modulusLength} bits; use at least 2048` };
    return kid === undefined ? { key, alg } : { key, alg, kid };
  } catch {
    // The platform's error may quote the key.
    return { problem: `is damaged, or this platform's Web Crypto has no ${alg}` };
  }
}

async function importPrivateKey(
  format: "pkcs8" | "jwk",
  data: Uint8Array<ArrayBuffer> | JsonWebKey,
  algorithm: RsaHashedImportParams | EcKeyImportParams,
): Promise<CryptoKey> {
  return format === "jwk"
    ? crypto.subtle.importKey(format, data as JsonWebKey, algorithm, false, ["sign"])
    : crypto.subtle.importKey(format, data as Uint8Array<ArrayBuffer>, algorithm, false, ["sign"]);
}

// RS256 is what a server takes that does not say what it takes (OpenID Connect Core §9, OpenID Connect Discovery §3).
const rsa = ["RS256", "PS256", "PS384", "PS512", "RS384", "RS512"];
// The old name, which all servers know that know the algorithm, before the one of RFC 9864.
const ed25519 = ["EdDSA", "Ed25519"];
const curves: Readonly<Record<string, readonly string[]>> = {
  Ed25519: ed25519,
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
};

function parameters(alg: string): RsaHashedImportParams | EcKeyImportParams {
  const hash = `SHA-${alg.slice(2)}`;
  if (alg.startsWith("RS")) return { name: "RSASSA-PKCS1-v1_5", hash };
  if (alg.startsWith("PS")) return { name: "RSA-PSS", hash };
  if (alg.startsWith("ES")) return { name: "ECDSA", namedCurve: alg === "ES512" ? "P-521" : `P-${alg.slice(2)}` };
  return { name: "Ed25519" } as EcKeyImportParams;
}

function readPem(text: string): Material | Problem {
  const file = readKeyFile(text);
  if ("problem" in file) return file;
  if (file.format === "spki") return { problem: "is a public key; signing takes the private one" };
  const algorithms = file.kind === "rsa" ? rsa : (curves[file.kind === "p256" ? "P-256" : "Ed25519"] ?? []);
  return { format: "pkcs8", data: file.der, algorithms };
}

function readJwk(text: string): Material | Problem {
  const jwk: (JsonWebKey & { readonly kid?: unknown }) | undefined = parseObject(text);
  if (jwk === undefined) return { problem: "begins like a JWK, but is no JSON object" };
  const { alg, kid, kty, crv = "", d } = jwk;
  const possible = kty === "RSA" ? rsa : kty === "EC" || kty === "OKP" ? curves[crv] : undefined;
  if (possible === undefined) return { problem: "is a JWK of a kind that is not supported: use RSA, EC or Ed25519" };
  if (typeof d !== "string") return { problem: "is a public JWK; signing takes the private one, with `d`" };
  // A JWK with an algorithm is for no other one (RFC 7517 §4.4), save that Ed25519 has two names.
  const algorithms = alg === undefined || possible === ed25519 ? possible : possible.filter((name) => name === alg);
  if (algorithms.length === 0) return { problem: `is a JWK for another \`alg\` than ${possible.join(", ")}` };
  // What is meant for people or other uses would only make Web Crypto refuse it.
  const { key_ops: _uses, use: _use, ext: _extractable, alg: _alg, ...data } = jwk;
  const material: Material = { format: "jwk", data, algorithms };
  return typeof kid === "string" && kid !== "" ? { ...material, kid } : material;
}
