/**
 * Finds a Chromium for the tests that drive a page, or installs one. The tests get its path in SALLYPORT_BROWSER.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { must, StepError } from "./steps.mjs";

/** What to do where no browser is found and none can be installed. */
const advice =
  "Install Chromium, Chrome or Edge (Debian, Ubuntu: `sudo apt-get install chromium`; macOS: `brew install --cask chromium`; " +
  "Windows: Edge is there already), or set CHROMIUM_PATH to the program.";

/**
 * @returns {string | undefined} the path of a Chromium, Chrome or Edge on this machine
 */
export function findBrowser() {
  for (const name of ["SALLYPORT_BROWSER", "CHROMIUM_PATH", "CHROME_BIN"]) {
    const path = process.env[name];
    if (path === undefined || path === "") continue;
    if (!existsSync(path)) throw new StepError(`${name} names ${path}, which does not exist.`);
    return path;
  }
  return candidates().find((path) => existsSync(path));
}

/**
 * Installs a Chromium: the distribution's where apt-get may be used, otherwise the one that Playwright keeps in the user's cache.
 *
 * @returns {Promise<string>} its path
 */
export async function installBrowser() {
  try {
    if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
      const env = { DEBIAN_FRONTEND: "noninteractive" };
      await must("apt-get", ["update", "-q"], { env });
      await must("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"], { env });
    } else {
      await must("pnpm", ["--dir", "scripts", "exec", "playwright-core", "install", "chromium"]);
    }
  } catch (error) {
    throw new StepError(
      `No browser was found, and none could be installed. ${advice}`,
      /** @type {StepError} */ (error).output,
    );
  }
  const path = findBrowser() ?? (await playwrightBrowser());
  if (path === undefined) throw new StepError(`A browser was installed, but not where it was looked for. ${advice}`);
  return path;
}

/** @returns {Promise<string | undefined>} the browser in Playwright's cache */
export async function playwrightBrowser() {
  const { chromium } = await import("playwright-core");
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

/** @returns {string[]} where browsers usually are */
function candidates() {
  if (process.platform === "darwin") {
    return ["Chromium", "Google Chrome", "Microsoft Edge"].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === "win32") {
    return ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"].flatMap((name) => {
      const folder = process.env[name];
      if (folder === undefined) return [];
      return ["Google\\Chrome", "Chromium", "Microsoft\\Edge"].flatMap((product) =>
        ["chrome.exe", "msedge.exe"].map((file) => join(folder, product, "Application", file)),
      );
    });
  }
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
  const folders = new Set([...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin", "/snap/bin"]);
  return [...folders].flatMap((folder) => names.map((name) => join(folder, name)));
}
