import { expect, test } from "vitest";
import { type Style, styleFor } from "../../src/output/style.ts";
import { formatTable } from "../../src/output/table.ts";

const plain: Style = { width: undefined, bold: (text) => text, dim: (text) => text };

test("columns are aligned, and no line ends in spaces", () => {
  const table = formatTable(
    ["TOOL", "DESCRIPTION"],
    [
      ["a", "one"],
      ["longer", ""],
    ],
    plain,
  );
  expect(table.split("\n")).toEqual(["TOOL    DESCRIPTION", "a       one", "longer"]);
});

test("a column without text is left out", () => {
  expect(formatTable(["A", "B", "C"], [["1", "", "3"]], plain)).toBe("A  C\n1  3");
});

test("a row is cut to the width of the terminal", () => {
  const table = formatTable(["T"], [["👍👍👍👍👍"]], { ...plain, width: 4 });
  expect(table).toBe("T\n👍👍👍…");
});

test("there is colour on a terminal that has it, and nowhere else", () => {
  const written = (output: object): string => styleFor({ write: () => true, ...output }).bold("x");
  expect(written({ isTTY: true, hasColors: () => true })).toBe("\x1b[1mx\x1b[22m");
  expect(written({ isTTY: true, hasColors: () => false })).toBe("x");
  expect(written({ isTTY: false, hasColors: () => true })).toBe("x");
});
