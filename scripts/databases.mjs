/**
 * Finds Redis and PostgreSQL for the tests of stores and limits, or installs them. The tests get their paths in SALLYPORT_REDIS and
 * SALLYPORT_POSTGRES and start servers of their own: none that is running is used.
 */
import { existsSync, readdirSync } from "node:fs";
import { must } from "./steps.mjs";

/** What to do where one is missing and cannot be installed. */
export const databasesAdvice =
  "Tests against a missing one are skipped. Debian, Ubuntu: `sudo apt-get install redis-server postgresql`, or run npm test as root, which does it.";

/**
 * @returns {string | undefined} the path of `redis-server`
 */
export function findRedis() {
  return ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"].find((path) =>
    existsSync(path),
  );
}

/**
 * @returns {string | undefined} the folder of `initdb` and `postgres`, of the newest version as Debian lays it out
 */
export function findPostgres() {
  const versions = "/usr/lib/postgresql";
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => `${versions}/${version}/bin`)
    .find((path) => existsSync(`${path}/initdb`) && existsSync(`${path}/postgres`));
}

/**
 * Installs what is missing where apt-get may be used. On a machine that runs services, Debian's packages start a server each.
 *
 * @returns {Promise<string>} what there is now
 */
export async function provideDatabases() {
  if ((!findRedis() || !findPostgres()) && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await must("apt-get", ["update", "-q"], { env });
    await must("apt-get", ["install", "-y", "-q", "--no-install-recommends", "redis-server", "postgresql"], { env });
  }
  const found = [findRedis(), findPostgres()];
  return found.includes(undefined) ? `not both found. ${databasesAdvice}` : found.join(", ");
}
