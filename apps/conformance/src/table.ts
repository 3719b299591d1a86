/**
 * The results as a table: a row for each scenario, a column for each SDK line and protocol version.
 */
import { columns, groups, type Run } from "./scenarios.ts";
import type { Verdict } from "./verdict.ts";

/** The table, as Markdown. */
export function table(results: ReadonlyMap<Run, Verdict>): string {
  const verdicts = [...results];
  const cell = (scenario: string, { sdk, version }: (typeof columns)[number]): string => {
    const found = verdicts.find(([run]) => run.scenario === scenario && run.sdk === sdk && run.version === version);
    return found === undefined ? "" : found[1].passed ? "✓" : "✗";
  };
  const total = (scenarios: readonly string[], column: (typeof columns)[number]): string => {
    const wanted = scenarios.filter((scenario) => column.scenarios.includes(scenario));
    const passed = wanted.filter((scenario) => cell(scenario, column) === "✓");
    return wanted.length === 0 ? "" : `${passed.length} of ${wanted.length}`;
  };
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    row(["scenario", ...columns.map(({ sdk, version }) => `SDK ${sdk}, ${version}`)]),
    row(["---", ...columns.map(() => ":-:")]),
    ...groups.flatMap(({ name, scenarios }) => [
      ...scenarios.map((scenario) => row([scenario, ...columns.map((column) => cell(scenario, column))])),
      row([`**${name}**`, ...columns.map((column) => total(scenarios, column))]),
    ]),
    row(["**all**", ...columns.map((column) => total(column.scenarios, column))]),
  ].join("\n");
}
