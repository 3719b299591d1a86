/**
 * Foreign text in a log: on one line, without what a terminal obeys or an eye does not see, and no longer than worth reading.
 * OWASP Logging Cheat Sheet; CWE-117, CWE-150.
 */

/** @param limit - in UTF-16 code units. */
export function cleanText(text: string, limit = 256): string {
  // Control, format (direction marks among them), surrogates by themselves, private use, unassigned; line and paragraph ends.
  const seen = text.slice(0, limit).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
  return text.length > limit ? `${seen}…` : seen;
}
