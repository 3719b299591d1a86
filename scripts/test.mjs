/**
 * `npm test`: install, build, every gate, every test. Its last line counts them all: `N passed, N failed`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apacheAdvice, findApache, installApache } from "./apache.mjs";
import { findBrowser, installBrowser, playwrightBrowser } from "./browser.mjs";
import { databasesAdvice, provideDatabases } from "./databases.mjs";
import { environment, must, print, run, StepError, step } from "./steps.mjs";
import { build, install } from "./workspace.mjs";

/** Each gate is a script of the root package.json, so that it can be run alone, and counts as one test. */
const gates = ["typecheck", "lint", "boundaries", "unused", "size"];

/** @param {string[]} args */
export async function test(args) {
  if (args.length > 0) {
    print("npm test runs everything and takes no arguments. CONTRIBUTING.md says how to run one test or one gate.");
    process.exit(2);
  }
  const count = { passed: 0, failed: 0, skipped: 0 };
  if (!(await install())) finish({ ...count, failed: 1 });
  if (!(await build())) count.failed += 1;
  if (!(await step("browser", provideBrowser))) count.failed += 1;
  await step("apache", provideApache);
  await step("databases", () => provideDatabases().catch(() => `not both found. ${databasesAdvice}`));

  // Two at a time suits the smallest machines. The tests come last and alone: they start servers and browsers.
  const waiting = [...gates];
  const worker = async () => {
    for (let gate = waiting.shift(); gate !== undefined; gate = waiting.shift()) {
      const script = gate;
      const passed = await step(script, async () => {
        await must("pnpm", ["--silent", "run", script]);
      });
      count[passed ? "passed" : "failed"] += 1;
    }
  };
  await Promise.all([worker(), worker()]);
  await step("tests", () => runTests(count));
  finish(count);
}

async function provideBrowser() {
  const path = findBrowser() ?? (await playwrightBrowser()) ?? (await installBrowser());
  environment["SALLYPORT_BROWSER"] = path;
  return path;
}

// Not having one fails nothing: the tests that need it say that they are skipped.
async function provideApache() {
  return findApache() ?? (await installApache().catch(() => undefined)) ?? `none found. ${apacheAdvice}`;
}

/**
 * All test files of the workspace.
 *
 * @param {{ passed: number; failed: number; skipped: number }} count - is added to
 */
async function runTests(count) {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-test-"));
  try {
    const report = join(folder, "report.json");
    const { code, output } = await run(
      "pnpm",
      [
        "exec",
        "vitest",
        "run",
        "--update=none",
        "--reporter=minimal",
        "--reporter=json",
        `--outputFile.json=${report}`,
      ],
      { minutes: 30 },
    );
    const { passed, failed, skipped } = readReport(report, code);
    count.passed += passed;
    count.failed += failed;
    count.skipped += skipped.length;
    for (const name of skipped) print(`  skipped: ${name}`);
    if (failed > 0 || code !== 0) throw new StepError(`${failed} failed.`, output);
    return `${passed} passed`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} path
 * @param {number} code - vitest's exit code
 */
function readReport(path, code) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: [] };
  const report = JSON.parse(readFileSync(path, "utf8"));
  let passed = 0;
  let failed = 0;
  const skipped = [];
  for (const file of report.testResults) {
    // A file that fails before its tests start reports none: it counts as one.
    if (file.status === "failed" && file.assertionResults.every((/** @type {any} */ { status }) => status !== "failed"))
      failed += 1;
    for (const { status, fullName } of file.assertionResults) {
      if (status === "passed") passed += 1;
      else if (status === "failed") failed += 1;
      else skipped.push(fullName);
    }
  }
  // No test at all, and an error outside of any test, are failures too.
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped };
}

/** @param {{ passed: number; failed: number; skipped: number }} count */
function finish({ passed, failed, skipped }) {
  print(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(failed === 0 ? 0 : 1);
}
