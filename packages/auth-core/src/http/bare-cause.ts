/**
 * The cause of a failed request, without what came in the answer: undici adds the bytes that it could not read to its error,
 * and there may be a token among them.
 */

// fetch failed, because of a parser's or a socket's error, because of the system's.
const deepest = 5;

/** An error with the name, the message and the code of another one and of its causes, and nothing else. */
export function bareCause(error: unknown, depth = 1): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, cause, code } = error as Error & { readonly code?: unknown };
  const inner = depth < deepest ? bareCause(cause, depth + 1) : undefined;
  const bare = new Error(message, inner === undefined ? {} : { cause: inner });
  bare.name = name;
  return typeof code === "string" ? Object.assign(bare, { code }) : bare;
}
