/**
 * Whom a token is for: the check that keeps the tokens of other servers out (TOK-05, J68-03, K07-05).
 */
import { SallyportError } from "@sallyport/auth-core";

/** What this server may be called, as a list. @throws SallyportError (`config_invalid`) when there is nothing. */
export function checkAudience(audience: string | readonly string[]): readonly string[] {
  const names = typeof audience === "string" ? [audience] : [...(audience ?? [])];
  if (names.length > 0 && names.every((name) => typeof name === "string" && name !== "")) return names;
  throw new SallyportError(
    "config_invalid",
    "audience: name this server as its tokens do. Without it the tokens of every other server would be accepted.",
  );
}

/** Whether a claim, a text or a list of texts, has one of the names. */
export function namesOneOf(claim: unknown, names: readonly string[]): boolean {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return names.some((name) => values.includes(name));
}
