/**
 * When two sets of options mean the same connection, and how functions among them stay up to date. Options are
 * written inline in components, so every render brings new objects and new functions that mean the same.
 */

/** Deeper values than any option has are compared by identity, so that a cycle ends. */
const maximumDepth = 12;

/**
 * Whether two values mean the same: plain objects and arrays by content, functions always (see {@link follow}),
 * anything else, such as an instance of a class, by identity.
 */
export function sameValue(a: unknown, b: unknown, depth = 0): boolean {
  if (Object.is(a, b) || (typeof a === "function" && typeof b === "function")) return true;
  if (depth === maximumDepth) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index], depth + 1));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = definedKeys(a);
  return (
    keys.length === definedKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key], depth + 1))
  );
}

/**
 * A copy of `value` in which every function calls the one that stands at the same place in `latest()` when it is called.
 * `latest()` must be the {@link sameValue} as `value`.
 */
export function follow<T>(value: T, latest: () => T): T;
export function follow(value: unknown, latest: () => unknown): unknown {
  if (Array.isArray(value)) return value.map((_, index) => followMember(value, index, latest));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, followMember(value, key, latest)]));
}

function followMember(value: object, key: PropertyKey, latest: () => unknown): unknown {
  const member: unknown = Reflect.get(value, key);
  if (typeof member !== "function") return follow(member, () => Reflect.get(latest() as object, key));
  return (...args: unknown[]): unknown => {
    const owner = latest() as Record<PropertyKey, (...args: unknown[]) => unknown>;
    return owner[key]?.(...args);
  };
}

/** An option that is `undefined` is one that was not given. */
function definedKeys(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
