/**
 * What a bearer token looks like on the wire: `b64token`, RFC 6750 §2.1.
 */

/** Longest token that is looked at, in characters. Node's default limit for all headers together is the same. */
const maxTokenLength = 16_384;

/** Whether a text may stand after `Bearer `. */
export function isBearerToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[A-Za-z0-9\-._~+/]+=*$/.test(text);
}
