/**
 * `npm run demo [-- --once]`: install, build, then hand the terminal to the program named by the script `demo` of apps/demo.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findBrowser, playwrightBrowser } from "./browser.mjs";
import { print, root, run } from "./steps.mjs";
import { build, install } from "./workspace.mjs";

/** @param {string[]} args - handed to the demo */
export async function demo(args) {
  const folder = join(root, "apps/demo");
  const { name, scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const [command, ...program] = scripts.demo.split(" ");
  // Without a shell or pnpm in between, a signal reaches the demo once and its exit code is the one we pass on.
  if (command !== "node") throw new Error(`The script "demo" of apps/demo must start with "node": ${scripts.demo}`);
  if (!(await install()) || !(await build(`--filter=${name}...`))) process.exit(1);
  const browser = findBrowser() ?? (await playwrightBrowser());
  print("");
  const env = browser === undefined ? {} : { SALLYPORT_BROWSER: browser };
  const { code } = await run(process.execPath, [...program, ...args], { cwd: folder, env, show: true });
  process.exit(code);
}
