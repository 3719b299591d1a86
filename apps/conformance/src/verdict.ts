/**
 * Judges a run strictly: every check has to pass without a warning, and the client has to end as the scenario wants it.
 */
import { expectedEnding } from "./scenarios.ts";

/** What a run came to. */
export interface Verdict {
  readonly passed: boolean;
  /** What was wrong, a line each. */
  readonly problems: readonly string[];
}

/** What the suite and the client have said. */
export interface Report {
  /** Of the suite; `null` when it was ended. */
  readonly exitCode: number | null;
  /** A JSON array of checks. */
  readonly stdout: string;
  readonly stderr: string;
  /** The client's own. */
  readonly clientOutput: string;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
  readonly description?: string;
}

const good: ReadonlySet<string> = new Set(["SUCCESS", "INFO"]);

/** @param scenario - of which the report is. */
export function judge(scenario: string, { exitCode, stdout, stderr, clientOutput }: Report): Verdict {
  const checks = readChecks(stdout);
  const problems = checks
    .filter(({ status }) => !good.has(status))
    .map(({ id, status, errorMessage, description }) => `${id} ${status}: ${errorMessage ?? description ?? ""}`);
  if (!checks.some(({ status }) => status === "SUCCESS")) problems.push("No check has passed.");
  if (exitCode !== 0) problems.push(`The suite ended with ${exitCode ?? "a signal"}.`);
  // The suite takes a client that a signal has ended for one that ended well.
  const ending = clientOutput.trimEnd().split("\n").at(-1) ?? "";
  const expected = expectedEnding(scenario);
  if (ending !== expected)
    problems.push(`The client's last line is ${JSON.stringify(ending)}, not ${JSON.stringify(expected)}.`);
  if (problems.length > 0) problems.push(stderr.slice(-3000));
  return { passed: problems.length === 0, problems };
}

function readChecks(stdout: string): readonly Check[] {
  try {
    const checks: unknown = JSON.parse(stdout);
    return Array.isArray(checks) ? checks : [];
  } catch {
    return [];
  }
}
