/**
 * The key pair behind DPoP proofs: found where it is kept, or made (DP-06).
 */
import { generateKeyPair } from "oauth4webapi";
import { SallyportError } from "../../errors.ts";
import type { DpopKeyStore } from "./key-store.ts";

/** How a key is found or made. */
export interface DpopKeyOptions {
  /** JWS algorithm of a new key, as configured. Default: the first of ours that the server supports, ES256 before all. */
  readonly algorithm?: string | undefined;
  /** `dpop_signing_alg_values_supported` of the authorization server. Absent: it is taken to support what is asked for. */
  readonly supported?: readonly string[] | undefined;
  /** The key as JWK text. Tokens are bound to it, so it is used whatever else is asked for. */
  readonly stored?: string | undefined;
  /** Where keys that cannot be exported are kept, and the name of this one. */
  readonly kept?: { readonly keys: DpopKeyStore; readonly name: string } | undefined;
}

// In the order in which they are chosen. RSA makes large proofs, slowly.
const algorithms = ["ES256", "Ed25519", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

/**
 * The key pair: what was stored, what is kept under this name, or a new one.
 *
 * With `kept` the caller holds a lock on the name, so that no two keys are made for it.
 *
 * @throws SallyportError `auth_unsupported`, `store_unavailable`.
 */
export async function findKey({ algorithm, supported, stored, kept }: DpopKeyOptions): Promise<CryptoKeyPair> {
  if (stored !== undefined) return readStored(stored);
  const found = await kept?.keys.get(kept.name);
  if (found !== undefined) {
    if (isKeyPair(found)) return found;
    throw damaged();
  }
  const pair = await makeKey(chooseAlgorithm(algorithm, supported), kept === undefined);
  await kept?.keys.set(kept.name, pair);
  return pair;
}

/** The `alg` of what a key signs. Ed25519 has an older name, which is used where the server knows no other. */
export function algorithmOf(
  { name, namedCurve, hash }: Partial<EcKeyAlgorithm & RsaHashedKeyAlgorithm>,
  supported: readonly string[] | undefined,
): string {
  switch (name) {
    case "ECDSA":
      return namedCurve === "P-521" ? "ES512" : `ES${namedCurve?.slice(2)}`;
    case "RSA-PSS":
      return `PS${hash?.name.slice(4)}`;
    case "RSASSA-PKCS1-v1_5":
      return `RS${hash?.name.slice(4)}`;
    default:
      return supported?.includes("EdDSA") === true && !supported.includes("Ed25519") ? "EdDSA" : "Ed25519";
  }
}

function chooseAlgorithm(configured: string | undefined, supported: readonly string[] | undefined): string {
  const usable = supported === undefined ? algorithms : algorithms.filter((name) => isSupported(name, supported));
  const chosen = configured ?? usable[0];
  if (chosen !== undefined && usable.includes(chosen)) return chosen;
  const wanted =
    configured === undefined ? "none of the algorithms that DPoP proofs can be made with" : `no ${configured}`;
  throw new SallyportError(
    "auth_unsupported",
    `The authorization server supports ${wanted} for DPoP proofs. ${
      usable.length === 0
        ? "Turn `dpop` off, if the resource accepts tokens without it."
        : `Set \`dpop.algorithm\` to one that it supports: ${usable.join(", ")}.`
    }`,
  );
}

function isSupported(name: string, supported: readonly string[]): boolean {
  return supported.includes(name) || (name === "Ed25519" && supported.includes("EdDSA"));
}

async function makeKey(algorithm: string, extractable: boolean): Promise<CryptoKeyPair> {
  try {
    return await generateKeyPair(algorithm, { extractable });
  } catch (error) {
    throw new SallyportError(
      "auth_unsupported",
      `This platform cannot make a key for DPoP proofs with ${algorithm}. Set \`dpop.algorithm\` to ES256.`,
      { cause: error },
    );
  }
}

async function readStored(text: string): Promise<CryptoKeyPair> {
  try {
    const { kty = "", crv, alg, n, e, x, y, ...secret } = JSON.parse(text) as JsonWebKey;
    const parameters = importParameters(kty, crv, alg);
    // Without `alg`, which platforms spell differently for Ed25519, and what restricts the uses of one half.
    const half = { kty, ...present({ crv, n, e, x, y }) };
    const { d, p, q, dp, dq, qi } = secret;
    const [privateKey, publicKey] = await Promise.all([
      crypto.subtle.importKey("jwk", { ...half, ...present({ d, p, q, dp, dq, qi }) }, parameters, true, ["sign"]),
      crypto.subtle.importKey("jwk", half, parameters, true, ["verify"]),
    ]);
    if (privateKey.type !== "private") throw damaged();
    return { privateKey, publicKey };
  } catch {
    // The error may quote the key.
    throw damaged();
  }
}

function present(members: Readonly<Record<string, string | undefined>>): JsonWebKey {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function importParameters(kty: string, crv = "", alg = ""): RsaHashedImportParams | EcKeyImportParams {
  if (kty === "EC") return { name: "ECDSA", namedCurve: crv };
  if (kty === "OKP") return { name: "Ed25519" } as EcKeyImportParams;
  return { name: alg.startsWith("PS") ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", hash: `SHA-${alg.slice(2)}` };
}

function isKeyPair({ privateKey, publicKey }: Partial<CryptoKeyPair>): boolean {
  return privateKey?.type === "private" && publicKey?.type === "public" && privateKey.usages.includes("sign");
}

function damaged(): SallyportError {
  return new SallyportError(
    "store_unavailable",
    "The key that the tokens are bound to (DPoP) was damaged or changed where it is kept. Sign out, then sign in again.",
  );
}
