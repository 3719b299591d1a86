/** What a verifier shares with the signing schemes: the same code builds the signed bytes at both ends. */
export { fromBase64, toBase64, toHex, utf8 } from "./http/bytes.ts";
export { contentDigest, digestAlgorithms } from "./schemes/content-digest.ts";
export { type HmacForm, HmacScheme } from "./schemes/hmac.ts";
export {
  type Component,
  checkComponent,
  componentId,
  componentValue,
  parseComponent,
  type SignedRequest,
  signatureBase,
} from "./schemes/http-signature-base.ts";
export {
  type HttpSignatureAlgorithm,
  importSignatureKey,
  readSignatureKey,
  type SignatureKey,
  verifyBytes,
} from "./schemes/signature-key.ts";
