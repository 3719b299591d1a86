/**
 * Colour where a person looks at a terminal that has it; plain text everywhere else.
 */
import { styleText } from "node:util";
import type { Output } from "../io.ts";

/** How text is shown on one output. */
export interface Style {
  /** Columns of the terminal; `undefined` where lines may be as long as they are. */
  readonly width: number | undefined;
  bold(text: string): string;
  dim(text: string): string;
}

/** The style for an output. Node knows `NO_COLOR` and `TERM=dumb`. */
export function styleFor(output: Output): Style {
  const terminal = output.isTTY === true;
  const colour = terminal && output.hasColors?.() === true;
  const paint = (format: "bold" | "dim") => (text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return { width: terminal ? output.columns : undefined, bold: paint("bold"), dim: paint("dim") };
}
