import { expect, test } from "vitest";
import { formatToolResult } from "../../src/output/tool-result.ts";

test("text is printed as it is, block by block", () => {
  const content = [
    { type: "text" as const, text: "one\n" },
    { type: "text" as const, text: "two" },
  ];
  expect(formatToolResult({ content })).toBe("one\ntwo");
});

test("structured content is printed once, although servers repeat it as text", () => {
  const structuredContent = { a: 1 };
  const content = [{ type: "text" as const, text: '{ "a": 1 }' }];
  expect(formatToolResult({ content, structuredContent })).toBe('{\n  "a": 1\n}');
});

test("text that says something else is printed beside structured content", () => {
  const content = [{ type: "text" as const, text: "one thing" }];
  expect(formatToolResult({ content, structuredContent: { a: 1 } })).toBe('one thing\n{\n  "a": 1\n}');
});

test("what is not text is named with its size", () => {
  const content = [
    { type: "image" as const, data: "AAAA", mimeType: "image/png" },
    { type: "resource_link" as const, name: "notes", uri: "notes://1" },
    { type: "resource" as const, resource: { uri: "notes://2", text: "hello" } },
    { type: "resource" as const, resource: { uri: "notes://3", blob: "AAA=" } },
  ];
  expect(formatToolResult({ content }).split("\n")).toEqual([
    "[image: image/png, 3 bytes]",
    "[resource: notes://1]",
    "[resource: notes://2]",
    "hello",
    "[resource: notes://3, 2 bytes]",
  ]);
});

test("a result cannot control the terminal, in text or in structured content", () => {
  const content = [{ type: "text" as const, text: "\x1b[2J" }];
  const shown = formatToolResult({ content, structuredContent: { key: "\x9b2J\u202e" } });
  expect(shown).toBe('\\x1b[2J\n{\n  "key": "\\x9b2J\\u202e"\n}');
});
