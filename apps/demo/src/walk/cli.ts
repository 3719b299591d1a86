/** The same from a terminal: the `sallyport` command as a child process, its session file in a folder of its own. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Surroundings } from "../surroundings.ts";
import { expectEqual, type Report } from "./report.ts";

export async function walkCli(report: Report, surroundings: Surroundings): Promise<void> {
  const { urls, people, folder, configFile, tokens, variables } = surroundings;
  const home = join(folder, "cli");
  const env = { ...process.env, ...variables, ...browser, SALLYPORT_HOME: home, BOB_TOKEN: people.bob };
  const run = promisify(execFile);
  const sallyport = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [cliEntry(), ...args], { cwd: built, env, timeout: 30_000 })).stdout.trim();

  const steps: { args: string[]; answer?: string }[] = [
    { args: ["config", "check", configFile, "--env-file", tokens.envFile] },
    { args: ["client", "connect", urls.server, "--name", "demo", "--auth-env", "BOB_TOKEN"] },
    { args: ["client", "list"] },
    { args: ["client", "tools", "list"] },
    { args: ["client", "tools", "call", "whoami"], answer: "bob <bob@example.com>" },
    { args: ["client", "tools", "call", "add", '{"a":19,"b":23}'], answer: "42" },
    { args: ["client", "disconnect", "demo"] },
    { args: ["client", "connect", urls.oauth, "--name", "oauth"] },
    { args: ["client", "tools", "call", "whoami"], answer: "bob <bob@example.com>" },
  ];

  report.section("From a terminal");
  for (const { args, answer } of steps) {
    await report.step(`sallyport ${args.map(quote).join(" ")}`, async (step) => {
      const output = await sallyport(...args);
      for (const line of output.split("\n")) step.back(line);
      if (answer !== undefined) expectEqual(output, answer, "the answer");
    });
  }
}

/** The folder of the built demo. */
const built = fileURLToPath(new URL("..", import.meta.url));

/** Bob's browser, also where the demo runs on a machine that has none of its own to open. */
const browser = { BROWSER: "node person.js bob", CI: "", SSH_CONNECTION: "", SSH_CLIENT: "", SSH_TTY: "" };

function quote(arg: string): string {
  return /[^\w./:@-]/.test(arg) ? `'${arg}'` : arg;
}

/** The command as it is published: what `bin` of the package names. */
function cliEntry(): string {
  const manifest = createRequire(import.meta.url).resolve("@sallyport/cli/package.json");
  return join(dirname(manifest), "dist", "main.js");
}
