/**
 * Where a secret comes from. A source is named in the configuration and read by the edge: an environment variable
 * where there is an environment, a file or a command's output in Node.
 */

/** A secret kept outside the configuration. */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly [string, ...string[]] };

/** A secret as callers give it: the text, a source, or a function that is asked each time it is needed. */
export type SecretInput = string | SecretSource | (() => string | Promise<string>);

/**
 * Reads secret sources. Implemented at the edge: client-node reads all three kinds.
 *
 * `read` rejects with `credential_source_failed` when the source cannot be read or is empty; the message names the source, never its content.
 */
export interface SecretReader {
  read(source: SecretSource): Promise<string>;
}

/** A source as messages name it: `env API_TOKEN`, `file ./token`, `command gh`. Arguments of a command may be secret and are left out. */
export function describeSource(source: SecretSource): string {
  if ("env" in source) return `env ${source.env}`;
  if ("file" in source) return `file ${source.file}`;
  return `command ${source.command[0]}`;
}
