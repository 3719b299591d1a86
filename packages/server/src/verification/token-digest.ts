/**
 * SHA-256 of a token, to recognise it by without keeping it. Asked at every request: where the platform has a hash that
 * needs no promise, as Node, Deno and Bun do, that is used.
 */

type Hash = (algorithm: string, text: string, encoding: "base64url") => string;

let platformHash: { readonly hash: Hash | undefined } | undefined;

/** The digest in base64url, 43 characters; a promise where the platform has Web Crypto alone. */
export function tokenDigest(token: string): string | Promise<string> {
  platformHash ??= { hash: findHash() };
  return platformHash.hash?.("sha256", token, "base64url") ?? webDigest(token);
}

function findHash(): Hash | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => { hash?: Hash } | undefined } };
  return process?.getBuiltinModule?.("node:crypto")?.hash;
}

async function webDigest(token: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
