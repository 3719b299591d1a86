/**
 * The official conformance suite, each run of a scenario as a test, against the built packages.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runs } from "../src/scenarios.ts";
import { needsNode, runScenario, suiteNode } from "../src/suite.ts";

const timeout = 120_000;

describe.concurrent("the official conformance suite", () => {
  if (suiteNode() === undefined) {
    it.skip(`is not run: ${needsNode}`, () => {});
    return;
  }

  for (const run of runs) {
    it(`passes ${run.scenario} with SDK ${run.sdk} at ${run.version}`, { timeout }, async () => {
      expect((await runScenario(run)).problems).toEqual([]);
    });
  }

  it.each([
    {
      kind: "does nothing",
      client: new URL("clients/idle.mjs", import.meta.url),
      scenario: "auth/metadata-default",
      problem: 'last line is "", not "completed"',
    },
    {
      kind: "crashes where it should refuse",
      client: new URL("clients/crashing.mjs", import.meta.url),
      scenario: "auth/metadata-issuer-mismatch",
      problem: 'last line is "", not "failed discovery_failed"',
    },
  ])("fails a client that $kind", { timeout }, async ({ client, scenario, problem }) => {
    const run = { scenario, sdk: "2.x", version: "2025-11-25" } as const;
    const { passed, problems } = await runScenario(run, fileURLToPath(client));
    expect(passed).toBe(false);
    expect(problems.join("\n")).toContain(problem);
  });
});
