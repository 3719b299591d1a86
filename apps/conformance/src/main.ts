/**
 * The command: runs everything, prints the table, and ends with 1 when anything failed.
 */
import { type Run, runs } from "./scenarios.ts";
import { runScenario, suiteNode, type Verdict } from "./suite.ts";
import { table } from "./table.ts";

if (suiteNode() === undefined) {
  console.error(
    "The conformance suite needs Node 22 or later, and there is no package with one for this platform. Run this with a newer Node.",
  );
  process.exit(2);
}
const results = new Map<Run, Verdict>();
const waiting = runs.values();
const worker = async (): Promise<void> => {
  for (const run of waiting) results.set(run, await runScenario(run));
};
await Promise.all([worker(), worker()]);

console.log(table(results));
for (const [{ scenario, sdk, version }, { problems }] of results) {
  for (const problem of problems) console.log(`${scenario} with SDK ${sdk} at ${version}: ${problem}`);
}
if ([...results.values()].some(({ passed }) => !passed)) process.exitCode = 1;
