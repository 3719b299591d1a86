/**
 * Sources as a module that a child process can import: Node 20 runs no TypeScript.
 */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "tsdown";

/** A module on the disk. */
export interface Bundle {
  /** What `import()` takes, in this process or another. */
  readonly url: string;
  remove(): Promise<void>;
}

/**
 * @param source - path of a source file in this package: `src/index.ts`. What it imports of this workspace is bundled too,
 * from the sources.
 */
export async function bundle(source: string): Promise<Bundle> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  // Inside the package, where its dependencies are found.
  const outDir = `${root}node_modules/.cache/test-${randomBytes(8).toString("hex")}`;
  await build({
    cwd: root,
    config: false,
    entry: [source],
    outDir,
    platform: "node",
    fixedExtension: false,
    dts: false,
    logLevel: "error",
    deps: { alwaysBundle: [/^@sallyport\//] },
    inputOptions: { resolve: { conditionNames: ["@sallyport/source", "node", "import"] } },
  });
  return {
    url: pathToFileURL(`${outDir}/${basename(source, ".ts")}.js`).href,
    remove: () => rm(outDir, { recursive: true, force: true }),
  };
}
