/**
 * Rows of text in aligned columns. On a terminal the last column is cut so that a row stays one line.
 */
import type { Style } from "./style.ts";

const gap = "  ";

/**
 * Lay out a table.
 *
 * @param head - names of the columns; a column without text in any row is left out.
 * @param rows - cells, one line each and safe to print.
 */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const used = head.map((_, column) => column).filter((column) => rows.some((row) => (row[column] ?? "") !== ""));
  const pick = (row: readonly string[]): string[] => used.map((column) => row[column] ?? "");
  const titles = pick(head);
  const body = rows.map(pick);
  const widths = titles.map((_, column) => Math.max(...[titles, ...body].map((row) => lengthOf(row[column] ?? ""))));
  const line = (cells: string[]): string => fit(cells.map((cell, i) => pad(cell, widths[i] ?? 0)).join(gap), style);
  return [style.bold(line(titles)), ...body.map(line)].join("\n");
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(width - lengthOf(cell));
}

function fit(line: string, { width }: Style): string {
  const text = line.trimEnd();
  if (width === undefined || lengthOf(text) <= width) return text;
  return `${[...text].slice(0, Math.max(width - 1, 1)).join("")}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}
