/** How the demo and its tests start a browser: the one `SALLYPORT_BROWSER` names, or one in a usual place. */
import { existsSync } from "node:fs";
import type { LaunchOptions } from "playwright-core";

const usualPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/microsoft-edge",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** @returns nothing where there is no browser. */
export function launchOptions(env: Readonly<Record<string, string | undefined>>): LaunchOptions | undefined {
  const executablePath = env["SALLYPORT_BROWSER"] ?? usualPlaces.find((path) => existsSync(path));
  if (executablePath === undefined) return undefined;
  return {
    executablePath,
    // Chromium refuses its sandbox to root, and without these switches it calls home at every start.
    args: [
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  };
}
