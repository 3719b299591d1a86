/**
 * Finds an Apache httpd for the tests of Digest and Basic, or installs one. The tests get its path in SALLYPORT_APACHE.
 */
import { existsSync } from "node:fs";
import { must } from "./steps.mjs";

/** What to do where there is none and none can be installed. */
export const apacheAdvice =
  "Its tests are skipped. Debian, Ubuntu: `sudo apt-get install apache2-bin`, or run npm test as root, which does it.";

/**
 * @returns {string | undefined} the path of an Apache as Debian lays it out, with its modules
 */
export function findApache() {
  const path = "/usr/sbin/apache2";
  return existsSync(path) && existsSync("/usr/lib/apache2/modules") ? path : undefined;
}

/**
 * Installs an Apache where apt-get may be used. The package is the program alone: nothing is started.
 *
 * @returns {Promise<string | undefined>} its path
 */
export async function installApache() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return undefined;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await must("apt-get", ["update", "-q"], { env });
  await must("apt-get", ["install", "-y", "-q", "--no-install-recommends", "apache2-bin"], { env });
  return findApache();
}
