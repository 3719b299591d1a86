/**
 * The alphabets of header names and values: RFC 9110 §5.5 and §5.6.2.
 */

/** Whether a character may be part of a token: header names, scheme names, parameter names. */
export function isTokenCharacter(character: string | undefined): boolean {
  return character !== undefined && /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(character);
}

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

/** A text as a quoted-string (RFC 9110 §5.6.4); `undefined` when it holds what a header cannot carry. */
export function quotedString(text: string): string | undefined {
  // qdtext and quoted-pair: HTAB, SP, visible ASCII and obs-text.
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : undefined;
}

/** Whether a text has a character that user names and passwords of HTTP cannot have (RFC 7617 §2). */
export function hasControlCharacter(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
  return /[\x00-\x1f\x7f]/.test(text);
}

/** What keeps a text from being a header value, as the end of a sentence; `undefined` when nothing does. Never quotes the text. */
export function headerValueProblem(text: string): string | undefined {
  if (/[\r\n]/.test(text)) return "contains a line break, which a header cannot carry";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return "contains a control character, which a header cannot carry";
  if (/[\u0100-\uffff]/.test(text)) return "contains a character beyond Latin-1, which a header cannot carry";
  if (/^[ \t]|[ \t]$/.test(text)) return "begins or ends with white space, which a header cannot carry";
  return undefined;
}

/** What keeps a text from being sent as an access token, as the end of a sentence; `undefined` when nothing does. */
export function accessTokenProblem(text: string): string | undefined {
  const problem = headerValueProblem(text);
  if (problem !== undefined) return problem;
  // More than RFC 6750 §2.1 has in a token, and all that servers put into one.
  if (!/^[!-~]+$/.test(text)) return "is empty, or contains white space or a character beyond ASCII";
  return text.length > longestToken ? `is longer than ${longestToken} characters` : undefined;
}

// No server takes a header that is longer.
const longestToken = 65_536;
