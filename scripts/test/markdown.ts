/**
 * Fenced code blocks of Markdown pages and of doc comments. CONTRIBUTING.md says what the words after the language mean.
 */
import { read } from "./repository.ts";

export interface Block {
  /** The file it stands in, relative to the root. */
  readonly path: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  /** `ts`, `sh`, `text`, … */
  readonly language: string;
  /** The words after the language: `run`, `file=mcp-config.json`. */
  readonly words: readonly string[];
  readonly text: string;
}

/** The blocks of a page, in their order. */
export function blocks(path: string): readonly Block[] {
  return fences(path, read(path), 0);
}

/** The blocks that follow `@example` in the doc comments of a source file. */
export function examples(path: string): readonly Block[] {
  const source = read(path);
  return [...source.matchAll(/^[ \t]*\/\*\*.*?\*\//gms)].flatMap(({ 0: comment, index }) => {
    const from = comment.indexOf("@example");
    if (from === -1) return [];
    const above = source.slice(0, index + from).split("\n").length - 1;
    return fences(path, comment.slice(from).replace(/^[ \t]*\* ?/gm, ""), above);
  });
}

function fences(path: string, text: string, above: number): readonly Block[] {
  return [...text.matchAll(/^( *)```([^\s`]*)([^\n`]*)\n(.*?)^ *```[ \t]*$/gms)].map(
    ({ 1: indent = "", 2: language = "", 3: words = "", 4: code = "", index }) => ({
      path,
      line: above + text.slice(0, index).split("\n").length + 1,
      language,
      words: words.split(" ").filter((word) => word !== ""),
      text: code.replaceAll(new RegExp(`^ {0,${indent.length}}`, "gm"), ""),
    }),
  );
}
