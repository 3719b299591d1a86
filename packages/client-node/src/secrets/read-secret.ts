/**
 * A secret that is not sent in a header, read afresh: the text itself, what a function gives, or what a source holds.
 */
import type { SecretInput, SecretReader } from "@sallyport/auth-core";

/** The text behind an input. Rejects with what the function or the reader throws. */
export async function readSecret(input: SecretInput, secrets: SecretReader): Promise<string> {
  if (typeof input === "string") return input;
  return typeof input === "function" ? input() : secrets.read(input);
}
