import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { findApache } from "./scripts/apache.mjs";
import { findBrowser } from "./scripts/browser.mjs";
import { findPostgres, findRedis } from "./scripts/databases.mjs";

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const environments: Record<string, string> = { "client-react": folder("packages/client-react/test/environment.ts") };

// One project for each package and app, and `scripts` for what concerns the repository as a whole.
const members = ["packages", "apps"].flatMap((group) => readdirSync(folder(group)).map((name) => `${group}/${name}`));
const roots = [...members, "scripts"].filter((root) => existsSync(folder(`${root}/test`)));

// `npm test` finds a browser, an Apache and databases or installs them; a test run alone takes what is there.
const programs = {
  SALLYPORT_BROWSER: findBrowser(),
  SALLYPORT_APACHE: findApache(),
  SALLYPORT_REDIS: findRedis(),
  SALLYPORT_POSTGRES: findPostgres(),
};
const env = Object.fromEntries(
  Object.entries(programs).flatMap(([name, path]) => (path === undefined ? [] : [[name, path]])),
);

export default defineConfig({
  // Packages see each other's sources, so that a test never runs against a stale build.
  resolve: { conditions: ["@sallyport/source"] },
  ssr: { resolve: { conditions: ["@sallyport/source"], externalConditions: ["@sallyport/source"] } },
  test: {
    // For a machine that does several things at once: a test that is slow there has found nothing.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Most tests wait for processes and sockets: one worker, the default on two cores, would leave the other idle.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: roots.map((root) => {
      const name = root.slice(root.lastIndexOf("/") + 1);
      return {
        extends: true as const,
        test: {
          name,
          root: folder(root),
          include: ["test/**/*.test.{ts,tsx}"],
          environment: environments[name] ?? "node",
          env,
        },
      };
    }),
  },
});
