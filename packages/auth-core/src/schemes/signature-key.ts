/**
 * Keys of HTTP message signatures and what they do: RFC 9421 §3.3 over Web Crypto.
 */
import { utf8 } from "../http/bytes.ts";
import { parseObject } from "../json.ts";
import { type KeyFile, readKeyFile } from "./signature-key-file.ts";

/** An algorithm of the registry of RFC 9421 §6.2.2. */
export type HttpSignatureAlgorithm = "ed25519" | "ecdsa-p256-sha256" | "rsa-pss-sha512" | "hmac-sha256";

/** A key that is known to fit its algorithm, not yet imported. */
export interface SignatureKeyData {
  readonly algorithm: HttpSignatureAlgorithm;
  readonly format: "pkcs8" | "spki" | "raw" | "jwk";
  readonly data: Uint8Array<ArrayBuffer> | JsonWebKey;
}

/** A key that signs or verifies. */
export interface SignatureKey {
  readonly algorithm: HttpSignatureAlgorithm;
  readonly key: CryptoKey;
}

type Problem = { readonly problem: string };

/**
 * Read a key: PEM, a JWK (RFC 7517) as text, or for `hmac-sha256` the shared secret, in UTF-8.
 *
 * @param use - a private key signs, a public one verifies; a shared secret does both.
 * @param algorithm - default: the one that fits the key. For a shared secret that is no JWK it has to be given.
 * @returns a sentence about what is wrong with the key. It never quotes it.
 */
export function readSignatureKey(
  text: string,
  use: "sign" | "verify",
  algorithm?: HttpSignatureAlgorithm,
): SignatureKeyData | Problem {
  if (text.trimStart().startsWith("{")) return readJwk(text, use, algorithm);
  if (text.includes("-----BEGIN ")) return readPem(text, use, algorithm);
  if (algorithm !== "hmac-sha256") {
    return {
      problem:
        "is neither PEM nor a JWK: give a PKCS#8 private key, a SubjectPublicKeyInfo public key or a JWK, or set the algorithm hmac-sha256 for a shared secret",
    };
  }
  return text === "" ? { problem: "is empty" } : { algorithm, format: "raw", data: utf8(text) };
}

/**
 * Import a key that was read.
 *
 * @returns a sentence about what is wrong with it. The platform's own error may quote it and is left out.
 */
export async function importSignatureKey(
  { algorithm, format, data }: SignatureKeyData,
  use: "sign" | "verify",
): Promise<SignatureKey | Problem> {
  const parameters = imports[algorithm];
  try {
    const key =
      format === "jwk"
        ? await crypto.subtle.importKey("jwk", data as JsonWebKey, parameters, false, [use])
        : await crypto.subtle.importKey(format, data as Uint8Array<ArrayBuffer>, parameters, false, [use]);
    const { modulusLength = 2048 } = key.algorithm as Partial<RsaKeyAlgorithm>;
    // NIST SP 800-131A: shorter ones no longer count as safe.
    if (modulusLength < 2048) return { problem: `is an RSA key of ${modulusLength} bits; use at least 2048` };
    return { algorithm, key };
  } catch (error) {
    if ((error as Partial<Error>).name === "NotSupportedError") {
      return { problem: `cannot be used: this platform's Web Crypto has no ${algorithm}` };
    }
    return { problem: `is damaged, or no key for ${algorithm}: the platform does not import it` };
  }
}

export async function signBytes(
  { algorithm, key }: SignatureKey,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<ArrayBuffer> {
  return crypto.subtle.sign(operations[algorithm], key, bytes);
}

/** Whether a signature is that of these bytes; in constant time where the algorithm has a secret. */
export async function verifyBytes(
  { algorithm, key }: SignatureKey,
  signature: ArrayBuffer,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return crypto.subtle.verify(operations[algorithm], key, signature, bytes);
}

const imports: Readonly<Record<HttpSignatureAlgorithm, EcKeyImportParams | RsaHashedImportParams | HmacImportParams>> =
  {
    ed25519: { name: "Ed25519" } as EcKeyImportParams,
    "ecdsa-p256-sha256": { name: "ECDSA", namedCurve: "P-256" },
    "rsa-pss-sha512": { name: "RSA-PSS", hash: "SHA-512" },
    "hmac-sha256": { name: "HMAC", hash: "SHA-256" },
  };

// Web Crypto's ECDSA signatures are r and s in 64 octets, as §3.3.4 wants them; the salt is that of §3.3.1.
const operations: Readonly<Record<HttpSignatureAlgorithm, Algorithm | EcdsaParams | RsaPssParams>> = {
  ed25519: { name: "Ed25519" },
  "ecdsa-p256-sha256": { name: "ECDSA", hash: "SHA-256" },
  "rsa-pss-sha512": { name: "RSA-PSS", saltLength: 64 },
  "hmac-sha256": { name: "HMAC" },
};

const algorithmOf: Readonly<Record<KeyFile["kind"], HttpSignatureAlgorithm>> = {
  ed25519: "ed25519",
  p256: "ecdsa-p256-sha256",
  rsa: "rsa-pss-sha512",
};

function readPem(text: string, use: "sign" | "verify", asked: HttpSignatureAlgorithm | undefined) {
  const file = readKeyFile(text);
  if ("problem" in file) return file;
  if (use === "sign" && file.format === "spki") return { problem: "is a public key; signing takes the private one" };
  if (use === "verify" && file.format === "pkcs8") {
    return { problem: "is a private key, which only the client may have; give the public one: openssl pkey -pubout" };
  }
  const algorithm = algorithmOf[file.kind];
  if (asked !== undefined && asked !== algorithm) return misfit(asked, algorithm);
  return { algorithm, format: file.format, data: file.der };
}

/** What a JWK of each algorithm looks like, and the members that Web Crypto gets to see. */
const jwkForms: readonly {
  readonly algorithm: HttpSignatureAlgorithm;
  readonly kty: string;
  readonly crv?: string;
  readonly alg: readonly string[];
  readonly public: readonly (keyof JsonWebKey)[];
  readonly private: readonly (keyof JsonWebKey)[];
}[] = [
  { algorithm: "ed25519", kty: "OKP", crv: "Ed25519", alg: ["EdDSA", "Ed25519"], public: ["x"], private: ["d"] },
  { algorithm: "ecdsa-p256-sha256", kty: "EC", crv: "P-256", alg: ["ES256"], public: ["x", "y"], private: ["d"] },
  {
    algorithm: "rsa-pss-sha512",
    kty: "RSA",
    alg: ["PS512"],
    public: ["n", "e"],
    private: ["d", "p", "q", "dp", "dq", "qi"],
  },
  { algorithm: "hmac-sha256", kty: "oct", alg: ["HS256"], public: ["k"], private: [] },
];

function readJwk(
  text: string,
  use: "sign" | "verify",
  asked: HttpSignatureAlgorithm | undefined,
): SignatureKeyData | Problem {
  const jwk: JsonWebKey | undefined = parseObject(text);
  if (jwk === undefined) return { problem: "begins like a JWK, but is no JSON object" };
  const form = jwkForms.find(({ kty, crv }) => jwk.kty === kty && (crv === undefined || jwk.crv === crv));
  if (form === undefined)
    return { problem: "is a JWK of a kind that is not supported: use Ed25519, P-256, RSA or oct" };
  if (asked !== undefined && asked !== form.algorithm) return misfit(asked, form.algorithm);
  if (jwk.alg !== undefined && !form.alg.includes(jwk.alg)) {
    return { problem: `is a JWK for another \`alg\` than ${form.alg[0]}; a key serves one algorithm (RFC 7517 §4.4)` };
  }
  const isPrivate = form.private.length > 0 && jwk.d !== undefined;
  if (use === "verify" && isPrivate) {
    return { problem: "is a private JWK, which only the client may have; leave out its private members" };
  }
  if (use === "sign" && form.private.length > 0 && !isPrivate) {
    return { problem: "is a public JWK; signing takes the private one, with `d`" };
  }
  const members = ["kty", "crv", ...form.public, ...(isPrivate ? form.private : [])] as const;
  const data: JsonWebKey = Object.fromEntries(
    members.flatMap((name) => (name in jwk ? [[name, jwk[name as "x"]]] : [])),
  );
  if (form.public.some((name) => typeof data[name] !== "string" || data[name] === "")) {
    return { problem: `is an incomplete JWK: it needs ${form.public.join(" and ")}` };
  }
  return { algorithm: form.algorithm, format: "jwk", data };
}

function misfit(asked: string, algorithm: string): Problem {
  return { problem: `does not fit the algorithm ${asked}; it is a key for ${algorithm}. Set that, or use another key` };
}
