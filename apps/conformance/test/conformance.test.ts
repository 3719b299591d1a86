import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type Run, runs } from "../src/scenarios.ts";
import { runScenario, suiteNode, type Verdict } from "../src/suite.ts";
import { table } from "../src/table.ts";

const timeout = 120_000;
const results = new Map<Run, Verdict>();

describe.skipIf(suiteNode() === undefined)("the official conformance suite", () => {
  afterAll(() => console.log(table(results)));

  describe.concurrent.each(runs)("$scenario with SDK $sdk at $version", (run) => {
    it("passes", { timeout }, async () => {
      const verdict = await runScenario(run);
      results.set(run, verdict);
      expect(verdict.problems).toEqual([]);
    });
  });

  it("fails a client that does nothing", { timeout }, async () => {
    const idle = fileURLToPath(new URL("idle-client.mjs", import.meta.url));
    const verdict = await runScenario({ scenario: "auth/metadata-default", sdk: "2.x", version: "2025-11-25" }, idle);
    expect(verdict.passed).toBe(false);
    expect(verdict.problems).not.toEqual([]);
  });
});
