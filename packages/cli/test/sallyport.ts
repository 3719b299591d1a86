/**
 * Runs the built command as a shell would, with a session folder of its own.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Finished, type NodeProcess, type RunNodeOptions, runNode, temporaryFolder } from "@sallyport/testkit";
import { vi } from "vitest";

// A command starts in half a second on a machine that has nothing else to do, and in several on one that has.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 30_000 });

const entry = fileURLToPath(new URL("../dist/main.js", import.meta.url));
if (!existsSync(entry)) {
  throw new Error("packages/cli/dist/main.js is missing: build it first with `pnpm --filter @sallyport/cli... build`.");
}

/** The command with one session folder. */
export interface Terminal {
  /** The session folder: `SALLYPORT_HOME`. */
  readonly home: string;
  /** The session file. */
  readonly file: string;
  start(args: readonly string[], options?: RunNodeOptions): NodeProcess;
  run(args: readonly string[], options?: RunNodeOptions): Promise<Finished>;
  close(): Promise<void>;
}

export async function terminal(): Promise<Terminal> {
  const folder = await temporaryFolder();
  const home = `${folder.path}/home`;
  const start = (args: readonly string[], options: RunNodeOptions = {}): NodeProcess => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder.path, SALLYPORT_HOME: home, ...options.env };
    return runNode(entry, args, { ...options, env });
  };
  return {
    home,
    file: `${home}/cli-sessions.json`,
    start,
    run: (args, options) => start(args, options).finished,
    close: () => folder.remove(),
  };
}
