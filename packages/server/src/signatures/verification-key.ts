/**
 * Keys that verify message signatures, imported once.
 */
import { SallyportError } from "@sallyport/auth-core";
import {
  type HttpSignatureAlgorithm,
  importSignatureKey,
  readSignatureKey,
  type SignatureKey,
} from "@sallyport/auth-core/signatures";

/** A key as a server keeps it. */
export interface VerificationKey {
  /** The public key as PEM (SubjectPublicKeyInfo) or JWK; for `hmac-sha256` the shared secret, or a JWK of type `oct`. */
  readonly key: string | JsonWebKey;
  /** Default: the one that fits the key. A shared secret that is no JWK needs `hmac-sha256` here. */
  readonly algorithm?: HttpSignatureAlgorithm;
}

const imported = new WeakMap<VerificationKey, Promise<SignatureKey>>();

/** @throws SallyportError `config_invalid` when the key is not in a supported form or does not fit the algorithm. */
export function importVerificationKey(source: VerificationKey): Promise<SignatureKey> {
  const known = imported.get(source) ?? importKey(source);
  imported.set(source, known);
  return known;
}

async function importKey({ key, algorithm }: VerificationKey): Promise<SignatureKey> {
  const data = readSignatureKey(typeof key === "string" ? key : JSON.stringify(key), "verify", algorithm);
  const result = "problem" in data ? data : await importSignatureKey(data, "verify");
  if ("problem" in result) throw new SallyportError("config_invalid", `keys: the key ${result.problem}.`);
  return result;
}
