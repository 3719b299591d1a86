/**
 * The command: runs everything, prints the table, and ends with 1 when anything failed.
 */
import { availableParallelism } from "node:os";
import { type Run, runs } from "./scenarios.ts";
import { needsNode, runScenario, suiteNode } from "./suite.ts";
import { table } from "./table.ts";
import type { Verdict } from "./verdict.ts";

if (suiteNode() === undefined) {
  console.error(`Nothing was run: ${needsNode}. Run this with a newer Node.`);
  process.exit(2);
}
const results = new Map<Run, Verdict>();
const waiting = runs.values();
const worker = async (): Promise<void> => {
  for (const run of waiting) results.set(run, await runScenario(run));
};
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker));

console.log(table(results));
for (const [{ scenario, sdk, version }, { problems }] of results) {
  for (const problem of problems) console.log(`${scenario} with SDK ${sdk} at ${version}: ${problem}`);
}
if ([...results.values()].some(({ passed }) => !passed)) process.exitCode = 1;
