/**
 * The scopes in the claims of a token: `scope` as RFC 9068 §2.2.3 has it, `scp` and `permissions` as some issuers do.
 */

/** Where scopes are looked for when nothing else is said. */
export const usualScopeClaims: readonly string[] = ["scope", "scp", "permissions"];

/** Every scope in the named claims: texts are lists separated by spaces, lists are taken as they are. */
export function scopesIn(claims: Readonly<Record<string, unknown>>, names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const claim = claims[name];
    if (typeof claim === "string") return claim.split(" ");
    return Array.isArray(claim) ? claim.filter((each): each is string => typeof each === "string") : [];
  });
  return [...new Set(found.filter((scope) => scope !== ""))];
}
