/**
 * Scope lists: what may be one (RFC 6749 §3.3, RFC 6750 §3: B50-07), and which scope implies which (CHL-14).
 */
import { SallyportError } from "@sallyport/auth-core";

/** `{ admin: ["write"], write: ["read"] }`: whoever has `admin` also has `write` and `read`. */
export type ScopeHierarchy = Readonly<Record<string, readonly string[]>>;

/**
 * The scopes, frozen and without repetitions.
 *
 * @param path - where they were written, for the message.
 * @throws SallyportError (`config_invalid`) when one could not be sent in a challenge, or is `offline_access`, which a
 *   resource server never asks for (CHL-08).
 */
export function checkScopes(scopes: readonly string[], path: string): readonly string[] {
  for (const scope of scopes) {
    if (typeof scope !== "string" || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) {
      throw new SallyportError(
        "config_invalid",
        `${path}: a scope is printable ASCII without spaces, quotes and backslashes; write several as a list.`,
      );
    }
    if (scope === "offline_access") {
      throw new SallyportError(
        "config_invalid",
        `${path}: offline_access is between client and issuer; remove it here.`,
      );
    }
  }
  return Object.freeze([...new Set(scopes)]);
}

/** A function that adds to scopes all that they imply, at any depth. Cycles are fine. */
export function scopeExpander(hierarchy: ScopeHierarchy): (scopes: readonly string[]) => readonly string[] {
  const implied = new Map(
    Object.entries(hierarchy).map(([scope, below]) => [
      checkScopes([scope], "scopeImplies")[0],
      checkScopes(below, `scopeImplies.${scope}`),
    ]),
  );
  return (scopes) => {
    // A Set visits what is added to it during the walk.
    const all = new Set(scopes);
    for (const scope of all) for (const below of implied.get(scope) ?? []) all.add(below);
    return [...all];
  };
}
