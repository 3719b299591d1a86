import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const environments: Record<string, string> = { "client-react": "happy-dom" };

export default defineConfig({
  // Packages see each other's sources, so that a test never runs against a stale build.
  resolve: { conditions: ["@sallyport/source"] },
  ssr: { resolve: { conditions: ["@sallyport/source"], externalConditions: ["@sallyport/source"] } },
  test: {
    projects: ["packages", "apps"].flatMap((group) =>
      readdirSync(folder(group)).map((name) => ({
        extends: true as const,
        test: {
          name,
          root: folder(`${group}/${name}`),
          include: ["test/**/*.test.{ts,tsx}"],
          environment: environments[name] ?? "node",
        },
      })),
    ),
  },
});
