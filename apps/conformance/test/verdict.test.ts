/**
 * A run passes only when nothing at all was wrong with it.
 */
import { describe, expect, it } from "vitest";
import { judge, type Report } from "../src/verdict.ts";

const check = (status: string): object => ({ id: `check-${status}`, status, description: "described" });
const written = (...statuses: string[]): string => JSON.stringify(statuses.map(check));
const fine: Report = {
  exitCode: 0,
  stdout: written("INFO", "SUCCESS"),
  stderr: "",
  clientOutput: "noise\ncompleted\n",
};

describe("a run", () => {
  it("passes when its checks do, and the client ends as it should", () => {
    expect(judge("auth/metadata-default", fine)).toEqual({ passed: true, problems: [] });
  });

  it("passes when the client refuses what the scenario is about", () => {
    expect(judge("auth/iss-wrong-issuer", { ...fine, clientOutput: "failed issuer_mismatch\n" }).passed).toBe(true);
  });

  const broken: Record<string, { report: Partial<Report>; problem: string; scenario?: string }> = {
    "a check that fails": {
      report: { stdout: written("SUCCESS", "FAILURE") },
      problem: "check-FAILURE FAILURE: descri",
    },
    "a warning": { report: { stdout: written("SUCCESS", "WARNING") }, problem: "check-WARNING WARNING: described" },
    "a check that was skipped": { report: { stdout: written("SUCCESS", "SKIPPED") }, problem: "check-SKIPPED SKIPPED" },
    "no check": { report: { stdout: "[]" }, problem: "No check has passed." },
    "nothing but information": { report: { stdout: written("INFO") }, problem: "No check has passed." },
    "a scenario that was not run": { report: { stdout: "SKIPPED: not applicable\n" }, problem: "No check has passed." },
    "output that was cut off": { report: { stdout: fine.stdout.slice(0, -1) }, problem: "No check has passed." },
    "a client that exits with an error": { report: { exitCode: 1 }, problem: "The suite ended with 1." },
    "a suite that did not end": { report: { exitCode: null }, problem: "The suite ended with a signal." },
    "a client that a signal ended": { report: { clientOutput: "" }, problem: 'last line is "", not "completed"' },
    "a client that fails where it should connect": {
      report: { clientOutput: "failed discovery_failed\n" },
      problem: 'last line is "failed discovery_failed", not "completed"',
    },
    "a client that connects where it should refuse": {
      report: {},
      problem: 'last line is "completed", not "failed issuer_mismatch"',
      scenario: "auth/iss-wrong-issuer",
    },
    "a client that refuses for another reason": {
      report: { clientOutput: "failed authorization_timeout\n" },
      problem: 'last line is "failed authorization_timeout", not "failed issuer_mismatch"',
      scenario: "auth/iss-wrong-issuer",
    },
  };
  it.each(Object.entries(broken))(
    "does not pass with %s",
    (_, { report, problem, scenario = "auth/metadata-default" }) => {
      const { passed, problems } = judge(scenario, { ...fine, stderr: "what the suite told", ...report });
      expect(passed).toBe(false);
      expect(problems.join("\n")).toContain(problem);
      expect(problems.at(-1)).toBe("what the suite told");
    },
  );
});
