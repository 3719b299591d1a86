/**
 * From a clean clone to built packages with Node and npm alone: the pinned pnpm, the locked dependencies, the build.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environment, must, root, StepError, step } from "./steps.mjs";

/**
 * The pinned pnpm, and the dependencies in the lockfile.
 *
 * @returns {Promise<boolean>} whether both are there
 */
export async function install() {
  const version = pinnedPnpm();
  return (
    (await step(`pnpm ${version}`, () => providePnpm(version))) &&
    (await step("install", async () => {
      // Without a terminal pnpm cannot ask whether it may replace a folder that another package manager made.
      await must("pnpm", ["install", "--frozen-lockfile", "--config.confirm-modules-purge=false"]);
    }))
  );
}

/**
 * Builds every package, or those that turbo's arguments select.
 *
 * @param {string[]} selection
 * @returns {Promise<boolean>} whether it succeeded
 */
export function build(...selection) {
  return step("build", async () => {
    await must("pnpm", ["exec", "turbo", "run", "build", "--output-logs=errors-only", ...selection]);
  });
}

function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return packageManager.slice("pnpm@".length);
}

/**
 * Puts the pinned pnpm on PATH, where turbo looks for it too. npm fetches it into its own cache: nothing is installed globally.
 *
 * @param {string} version
 */
async function providePnpm(version) {
  const [command, ...args] = npm();
  const { stdout, output } = await must(command, [
    ...args,
    ...["exec", "--yes", "--prefer-offline", `--package=pnpm@${version}`, "--", "node", "-p", "process.env.PATH"],
  ]);
  const path = stdout.trim().split("\n").at(-1);
  if (path === undefined || path === "") throw new StepError("npm exec did not say where it put pnpm.", output);
  environment["PATH"] = path;
  const found = (await must("pnpm", ["--version"])).stdout.trim();
  if (found !== version) throw new StepError(`pnpm ${version} was asked for, and ${found} answered.`);
}

/**
 * How to start npm: the one that started us, or the one on PATH.
 *
 * @returns {[string, ...string[]]}
 */
function npm() {
  const started = process.env["npm_execpath"];
  return started?.endsWith("npm-cli.js") ? [process.execPath, started] : ["npm"];
}
