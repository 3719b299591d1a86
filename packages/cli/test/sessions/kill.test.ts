/**
 * Real processes that share a file and are killed or stopped in the middle of it (issue: "Killing the CLI at any
 * instant leaves a readable session file; two at once lose nothing").
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type NodeProcess, runNode, type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import ts from "typescript";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { replaceFile } from "../../src/sessions/replace-file.ts";

const writer = fileURLToPath(new URL("../fixtures/writer.mjs", import.meta.url));
const sources = fileURLToPath(new URL("../../src/sessions/", import.meta.url));

vi.setConfig({ testTimeout: 120_000 });

let folder: TemporaryFolder;
let modules: TemporaryFolder;
let file: string;
let module: string;
const running: NodeProcess[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  file = `${folder.path}/state.json`;
  modules = await temporaryFolder();
  await modules.write("package.json", '{ "type": "module" }');
  await compile("system-error");
  module = await compile("replace-file");
});
afterEach(async () => {
  for (const process of running.splice(0)) process.kill();
  await Promise.all([folder.remove(), modules.remove()]);
});

test("writers killed at any instant leave a readable file, and nothing committed is lost", {
  timeout: 120_000,
}, async () => {
  const committed: Record<string, number> = {};
  for (let round = 0; round < 12; round++) {
    const writers = ["a", "b", "c"].map((name) => ({ name, process: start(name) }));
    await vi.waitFor(() => expect(writers.every(({ process }) => lastCount(process) > 0)).toBe(true), {
      timeout: 30_000,
    });
    // Each at another instant of its work.
    for (const { process } of writers) {
      const seen = lastCount(process);
      await vi.waitFor(() => expect(lastCount(process)).toBeGreaterThan(seen), { timeout: 30_000, interval: 1 });
      process.kill();
    }
    for (const { name, process } of writers) committed[name] = lastCountOf((await process.finished).stdout);

    const { counts } = JSON.parse(readFileSync(file, "utf8"));
    // A writer may have been killed after its last commit and before it told.
    for (const [name, count] of Object.entries(committed)) expect(counts[name]).toBeGreaterThanOrEqual(count);
  }
  await replaceFile(file, (text) => text);
  expect(readdirSync(folder.path)).toEqual(["state.json"]);
});

test.skipIf(process.platform === "win32")(
  "a writer that was stopped while it held the lock loses no one's change",
  async () => {
    const stopped = start("stopped", "stop");
    await vi.waitFor(() => expect(stateOf(stopped.pid)).toBe("T"), { timeout: 30_000 });
    await replaceFile(file, () => JSON.stringify({ counts: { other: 1 } }), { leaseMs: 1 });
    stopped.kill("SIGCONT");
    await stopped.finished;
    expect(JSON.parse(readFileSync(file, "utf8")).counts).toEqual({ other: 1, stopped: 1 });
  },
);

function start(name: string, ...more: string[]): NodeProcess {
  const process = runNode(writer, [module, file, name, ...more]);
  running.push(process);
  return process;
}

function lastCount(process: NodeProcess): number {
  return lastCountOf(process.output.stdout);
}

function lastCountOf(stdout: string): number {
  return Number(stdout.trimEnd().split("\n").at(-1));
}

/** Node 20 runs no TypeScript: the children get the sources with their types taken out. */
async function compile(name: string): Promise<string> {
  const source = readFileSync(`${sources}${name}.ts`, "utf8");
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      rewriteRelativeImportExtensions: true,
    },
  });
  return modules.write(`${name}.js`, outputText);
}

/** The state of a process as `ps` tells it: `T` is stopped. */
function stateOf(pid: number): string {
  return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" })
    .trim()
    .charAt(0);
}
