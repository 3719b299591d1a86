/**
 * The repository as the tests of this folder see it: its packages, and the files that git tracks or would.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the root, without a slash at its end. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | { readonly "@sallyport/source": string }>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Package {
  /** Relative to the root: `packages/server`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every member of the workspace. */
export const members: readonly Package[] = ["packages", "apps"]
  .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
  .concat("scripts")
  .filter((folder) => existsSync(join(root, folder, "package.json")))
  .map((folder) => ({ folder, manifest: JSON.parse(read(`${folder}/package.json`)) as Manifest }));

/** Those that are published. */
export const published: readonly Package[] = members.filter(({ manifest }) => manifest.private !== true);

/** The versions of the catalog in pnpm-workspace.yaml, by package. */
export const catalog: ReadonlyMap<string, string> = new Map(
  [...(read("pnpm-workspace.yaml").split(/^catalog:\n/m)[1] ?? "").matchAll(/^ {2}"?([\w@./-]+)"?: (\S+)$/gm)].map(
    ({ 1: name = "", 2: version = "" }) => [name, version],
  ),
);

/** The text of a file, its path relative to the root. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Paths of all files but ignored ones, relative to the root, with forward slashes. */
export function files(): readonly string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  return list.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
}

/** The pages of the documentation. */
export function pages(): readonly string[] {
  return files().filter((path) => /^(?:[^/]+\.md|docs\/.*\.md|(?:packages|apps)\/[^/]+\/README\.md)$/.test(path));
}

/** What an entry of a package is called by those who import it, and its source: `@sallyport/auth-core/mcp`, `packages/auth-core/src/mcp/index.ts`. */
export function entries({ folder, manifest }: Package): readonly { specifier: string; source: string }[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) => {
    const source = typeof target === "string" ? target : target["@sallyport/source"];
    return source.endsWith(".json") ? [] : [{ specifier: join(manifest.name, path), source: join(folder, source) }];
  });
}
