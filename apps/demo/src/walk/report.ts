/** Prints the walk, a step at a time: what was sent, masked, and what came back. */

export interface Step {
  /** A line about what went over the wire. */
  sent(line: string): void;
  /** A line about what came back. */
  back(line: string): void;
}

export class Report {
  readonly #print: (line: string) => void;
  failures = 0;
  steps = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  section(title: string): void {
    this.#print(`\n${title}`);
  }

  /** Run one step. It is good when `run` returns, and failed when it throws; the walk goes on either way. */
  async step(title: string, run: (step: Step) => Promise<void>): Promise<void> {
    this.steps += 1;
    const lines: string[] = [];
    const note = (label: string) => (line: string) => void lines.push(`      ${label}  ${line}`);
    let mark = "✓";
    try {
      await run({ sent: note("sent"), back: note("back") });
    } catch (error) {
      this.failures += 1;
      mark = "✗";
      note("failed")(error instanceof Error ? error.message : String(error));
    }
    this.#print(`  ${mark} ${title}`);
    for (const line of lines) this.#print(line);
  }
}

/** Fail the step unless what came back is what should have. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected)
    throw new Error(`${what} should be ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}
