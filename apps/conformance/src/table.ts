/**
 * The results as a table: a row for each scenario, a column for each SDK line and protocol version.
 */
import { columns, type Run, scenarios } from "./scenarios.ts";
import type { Verdict } from "./suite.ts";

/** The table, as Markdown. */
export function table(results: ReadonlyMap<Run, Verdict>): string {
  const cell = (scenario: string, column: (typeof columns)[number]): string => {
    for (const [run, { passed }] of results) {
      if (run.scenario === scenario && run.sdk === column.sdk && run.version === column.version)
        return passed ? "✓" : "✗";
    }
    return "";
  };
  const total = (column: (typeof columns)[number]): string => {
    const cells = column.scenarios.map((scenario) => cell(scenario, column));
    return `${cells.filter((each) => each === "✓").length} of ${cells.length}`;
  };
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    row(["scenario", ...columns.map(({ sdk, version }) => `SDK ${sdk}, ${version}`)]),
    row(["---", ...columns.map(() => ":-:")]),
    ...scenarios.map((scenario) => row([scenario, ...columns.map((column) => cell(scenario, column))])),
    row(["passed", ...columns.map(total)]),
  ].join("\n");
}
