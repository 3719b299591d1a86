/**
 * Child processes, folders and the clock.
 */
import { existsSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { manualClock, runNode, type TemporaryFolder, temporaryFolder } from "../src/index.ts";

async function folder(): Promise<TemporaryFolder> {
  const made = await temporaryFolder();
  onTestFinished(() => made.remove());
  return made;
}

describe("runNode", () => {
  it("collects output and exit code, and passes input and environment", async () => {
    const script = await (await folder()).write(
      "script.mjs",
      `for await (const chunk of process.stdin) process.stdout.write(chunk);
       process.stderr.write(process.env.GREETING + process.argv[2]);
       process.exitCode = 3;`,
    );
    const { finished } = runNode(script, ["$HOME"], { env: { GREETING: "hi " }, stdin: "through" });
    expect(await finished).toEqual({ code: 3, signal: null, stdout: "through", stderr: "hi $HOME" });
  });

  it("tells when something was printed, and kills", async () => {
    const script = await (await folder()).write("script.mjs", "console.log('up'); setInterval(() => {}, 1000);");
    const child = runNode(script);
    await child.printed("up");
    child.kill();
    expect(await child.finished).toMatchObject({ code: null, signal: "SIGKILL" });
    await expect(child.printed("never")).rejects.toThrow("before it printed never");
  });
});

it("a temporary folder goes away with its content", async () => {
  const made = await temporaryFolder();
  const file = await made.write("a/b.txt", "c");
  expect(existsSync(file)).toBe(true);
  await made.remove();
  expect(existsSync(made.path)).toBe(false);
});

it("a manual clock moves when told", () => {
  const clock = manualClock(1000);
  clock.advance(500);
  expect(clock.now()).toBe(1500);
});
