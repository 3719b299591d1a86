/** The bench runs, and no scheme is forgotten. Figures are not judged: they are those of the machine. */
import * as core from "@sallyport/auth-core";
import { describe, expect, it } from "vitest";
import { bench } from "../src/bench.ts";
import { schemes } from "../src/schemes.ts";
import { paired, spreadOf } from "../src/statistics.ts";
import { bare, bareAgain } from "../src/variants.ts";

const exportedSchemes = Object.entries(core)
  .filter(([, value]) => typeof value === "function" && typeof value.prototype?.authFlow === "function")
  .map(([name]) => name);

describe("the bench", () => {
  it("has a row for every scheme that is exported", () => {
    const measured = new Set(schemes().flatMap(({ exported = [] }) => exported));
    expect(exportedSchemes).toContain("BearerAuth");
    expect([...measured].sort()).toEqual(exportedSchemes.sort());
  });

  it("reports every row with figures, and the size of every export", { timeout: 60_000 }, async () => {
    const effort = { milliseconds: 1, block: 1 };
    const text = await bench({ network: effort, alone: effort, conditions: ["@sallyport/source"] });
    const [times = [], sizes = []] = tablesOf(text);
    expect(times.map(([name]) => name)).toEqual([bare, bareAgain, ...schemes().map(({ name }) => name)]);
    for (const [, ...cells] of times)
      for (const cell of cells) expect(cell).toMatch(/^-?[\d.]+ \(-?[\d.]+–-?[\d.]+\)$/);
    expect(sizes.map(([name]) => name).sort()).toEqual(
      ["createAuthFetch", ...exportedSchemes].map((name) => `\`${name}\``).sort(),
    );
    for (const [, alone] of sizes) expect(Number(alone)).toBeGreaterThan(0);
  });
});

describe("figures", () => {
  it("are medians with the middle half, whatever the order", () => {
    expect(spreadOf([900, 1, 3, 2, 4])).toEqual({ median: 3, low: 2, high: 4 });
  });

  it("are compared round by round", () => {
    expect(paired([2, 20, 200], [1, 10, 100], (value, base) => value / base).median).toBe(2);
  });
});

/** The rows of each table, without its head. */
function tablesOf(markdown: string): string[][][] {
  return markdown
    .split("\n\n")
    .filter((block) => block.startsWith("|"))
    .map((block) =>
      block
        .split("\n")
        .slice(2)
        .map((line) => line.slice(2, -2).split(" | ")),
    );
}
