/**
 * Text from servers and files, made safe for a terminal: control characters, which can move the cursor, change the
 * title or fill the clipboard, and characters that reorder or hide text are shown as what they are.
 */

// C0 but newline and tab, DEL, C1, directional and invisible formatting, line separators, lone surrogates, noncharacters.
const unsafe: RegExp =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e007f}]/gu;

/** Several lines of text: newlines and tabs stay. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(unsafe, describeCharacter);
}

/** Text for one line or a cell of a table. */
export function printableLine(text: string): string {
  return printable(text).replace(/\n/g, "\\n").replace(/\t/g, "\\t");
}

function describeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
