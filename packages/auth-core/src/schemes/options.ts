/**
 * The options of the schemes that send a secret as it is.
 */
import type { SecretReader } from "../secrets/source.ts";

/** Options of every scheme of plain secrets. */
export interface SecretOptions {
  /** Reads secrets that are kept in a variable, a file or a command's output. */
  readonly secrets?: SecretReader | undefined;
}

/** Options of the schemes that send a key. */
export interface KeyOptions extends SecretOptions {
  /** Written before the key, as it is: `"Token "` sends `Token <key>`. */
  readonly prefix?: string | undefined;
}
