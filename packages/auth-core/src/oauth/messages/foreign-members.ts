/**
 * Members of a document that a stranger wrote, in the types that its specification has. What has another type says nothing.
 */

/** The texts in a list; `undefined` when it is none. */
export function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}

/**
 * A member that is a text or a number. What has parts is replaced by an empty object, which is of the wrong type too, and
 * neither so deep that JSON cannot be written of it, nor an object that a text or a number cannot be made of.
 */
export function plain(value: unknown): unknown {
  return typeof value === "object" && value !== null ? {} : value;
}

/**
 * Metadata in the types of RFC 8414 §2: `…_endpoint` is a text, `…_supported` a list of texts or a yes or no. `null` says
 * nothing either.
 */
export function wellTyped<Metadata extends object>(metadata: Metadata): Metadata {
  const members = Object.entries(metadata).map(([name, value]) => [name, typed(name, value)]);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined && value !== null));
}

// Of what is called `…_supported`; a yes is no list.
const lists = /(?:^scopes|_(?:methods|modes|types|values))_supported$/;

function typed(name: string, value: unknown): unknown {
  if (name.endsWith("_endpoint")) return typeof value === "string" ? value : undefined;
  if (lists.test(name)) return textsOf(value);
  return name.endsWith("_supported") && typeof value !== "boolean" ? textsOf(value) : value;
}
