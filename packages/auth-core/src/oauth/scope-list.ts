/**
 * Lists of scopes as messages hold them: RFC 6749 §3.3.
 */

/** The scopes of a list separated by spaces. */
export function scopesOf(scope: string | undefined): readonly string[] {
  return (scope ?? "").split(" ").filter((each) => each !== "");
}

// No server takes a URL that is much longer.
const longest = 6000;

/** One list of several: each scope once, separated by spaces, and only what is a scope, since the lists are foreign. */
export function scopeList(...lists: readonly (string | undefined)[]): string | undefined {
  const scopes = new Set(lists.flatMap(scopesOf).filter((scope) => /^[!#-[\]-~]+$/.test(scope)));
  let list = "";
  for (const scope of scopes) {
    if (list.length + scope.length < longest) list = list === "" ? scope : `${list} ${scope}`;
  }
  return list === "" ? undefined : list;
}
