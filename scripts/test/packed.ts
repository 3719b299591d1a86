/**
 * The published packages as a user gets them: packed, and installed together in a folder outside of the workspace.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { catalog, published, root } from "./repository.ts";

const execute = promisify(execFile);

/** What users of the packages bring themselves. */
const peers = ["@modelcontextprotocol/sdk", "@types/node", "@types/react", "react", "react-dom"];

export interface Packed {
  /** Where `npm install` ran. */
  readonly folder: string;
  /** Path of the tarball of a package, by its name. */
  readonly tarballs: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** Packs all published packages and installs them together. They must have been built. */
export async function packAndInstall(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), "sallyport-packed-"));
  const tarballs: Record<string, string> = {};
  await Promise.all(
    published.map(async ({ folder: source, manifest }) => {
      const { stdout } = await execute("pnpm", ["pack", "--json", "--pack-destination", folder], {
        cwd: join(root, source),
      });
      tarballs[manifest.name] = (JSON.parse(stdout) as { filename: string }).filename;
    }),
  );
  const files = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]));
  const manifest = {
    private: true,
    type: "module",
    dependencies: { ...files, ...Object.fromEntries(peers.map((name) => [name, catalog.get(name)])) },
    // Versions that are not published yet come from the tarballs wherever they are asked for.
    overrides: Object.fromEntries(Object.keys(files).map((name) => [name, `$${name}`])),
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  await execute(
    "npm",
    ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
    { cwd: folder },
  );
  return { folder, tarballs, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs a program in the folder of the installation. */
export async function runInstalled({ folder }: Packed, file: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [file, ...args], { cwd: folder });
  return stdout;
}

/** The program behind the command `sallyport`. */
export function bin({ folder }: Packed): string {
  const installed = join(folder, "node_modules/@sallyport/cli");
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { bin: { sallyport: string } };
  return join(installed, manifest.bin.sallyport);
}
