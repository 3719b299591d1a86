import { expect, test } from "vitest";
import { printable, printableLine } from "../../src/output/printable.ts";

test.each([
  ["a colour", "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
  ["a window title", "\x1b]0;owned\x07", "\\x1b]0;owned\\x07"],
  ["a clipboard write", "\x1b]52;c;cm0gLXJm\x1b\\", "\\x1b]52;c;cm0gLXJm\\x1b\\"],
  ["an 8-bit control sequence", "\x9b2J", "\\x9b2J"],
  ["a carriage return that overwrites the line", "safe\rnot ", "safe\\x0dnot "],
  ["a backspace", "abc\b\b\b", "abc\\x08\\x08\\x08"],
  ["text that runs backwards", "\u202egpj.exe", "\\u202egpj.exe"],
  ["isolated directions", "\u2066a\u2069", "\\u2066a\\u2069"],
  ["invisible letters", "a\u{e0041}b\u200bc\ufeffd", "a\\u{e0041}b\\u200bc\\ufeffd"],
  ["half a character", "a\ud800b", "a\\ud800b"],
])("%s is shown, not obeyed", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("ordinary text stays as it is, in any script", () => {
  const text = "Grüße, 世界 👩‍👩‍👧 \u05e9\u05dc\u05d5\u05dd\n\tindented";
  expect(printable(text)).toBe(text);
});

test("newlines of Windows are newlines", () => {
  expect(printable("a\r\nb")).toBe("a\nb");
});

test("a cell of a table cannot break out of its line", () => {
  expect(printableLine("name\nFORGED  row\tx")).toBe("name\\nFORGED  row\\tx");
});
