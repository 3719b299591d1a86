/**
 * Rules of the house that no linter knows.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { catalog, files, members, published, read, root } from "./repository.ts";

const tracked = files();

describe("every file", () => {
  const texts = tracked.filter((path) => !/\.(png|ico|woff2)$/.test(path)).map((path) => ({ path, text: read(path) }));

  test("names no path of the machine it was written on", () => {
    expect(find(texts, /(?<![\w.~-])\/(?:work|root)\//g)).toEqual([]);
    expect(texts.filter(({ text }) => text.includes(root)).map(({ path }) => path)).toEqual([]);
  });

  test("names no package registry, so that every registry and mirror serves alike", () => {
    expect(find(texts, /\b(?:registry|npm|artifactory|verdaccio|nexus)\.[a-z0-9-]+\.[a-z]{2,}/gi)).toEqual([]);
  });

  test("holds no line of a merge that was not finished", () => {
    expect(find(texts, /^(?:<{7}|>{7}|={7})(?: |$)/gm)).toEqual([]);
  });
});

describe("sources of the packages", () => {
  const sources = tracked.filter((path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path));

  test("are at most 300 lines a file: a longer one holds two ideas", () => {
    const long = sources.map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }));
    expect(sources.length).toBeGreaterThan(0);
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });

  test("open with a comment that says what the file is", () => {
    const own = sources.filter((path) => !path.endsWith("/index.ts"));
    expect(own.filter((path) => !/^(?:#!.*\n)?(?:\/\*\*|\/\/)/.test(read(path)))).toEqual([]);
  });

  test("re-export by name, and nothing else, in an index", () => {
    const indexes = sources.filter((path) => path.endsWith("/index.ts"));
    expect(indexes.flatMap((path) => otherThanReExports(path))).toEqual([]);
  });
});

describe("manifests", () => {
  test("take every outside version from the catalog", () => {
    const loose = members.flatMap(({ manifest }) =>
      Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
        .filter(([, range]) => range !== "catalog:" && !range.startsWith("workspace:"))
        .map(([name, range]) => `${manifest.name}: ${name} ${range}`),
    );
    expect(loose).toEqual([]);
  });

  test("publish the exports they have, without the source condition", () => {
    for (const { folder } of published) {
      const { exports, publishConfig } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
      const without = JSON.parse(
        JSON.stringify(exports, (key, value) => (key === "@sallyport/source" ? undefined : value)),
      );
      expect(publishConfig.exports, folder).toEqual(without);
    }
  });

  test("have every entry of the catalog explained in docs/dependencies.md, with its version, and no other", () => {
    const rows = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \| (\d[\w.-]*) \|/gm)];
    expect(catalog.size).toBeGreaterThan(20);
    expect(Object.fromEntries(rows.map(([, name, version]) => [name, version]))).toEqual(
      Object.fromEntries([...catalog].map(([name, range]) => [name, range.replace("^", "")])),
    );
  });
});

test("changesets name published packages, a bump, and what a user notices", () => {
  const names = new Set(published.map(({ manifest }) => manifest.name));
  const broken = tracked
    .filter((path) => /^\.changeset\/(?!README).*\.md$/.test(path))
    .filter((path) => {
      const [, front = "", text = ""] = /^---\n(.*?)\n?---\n(.*)$/s.exec(read(path)) ?? [];
      const lines = front.split("\n").filter((line) => line !== "");
      const known = (line: string): boolean =>
        names.has(/^["']([^"']+)["']: (?:patch|minor|major)$/.exec(line)?.[1] ?? "");
      return lines.length === 0 || !lines.every(known) || text.trim() === "";
    });
  expect(broken).toEqual([]);
});

function find(texts: readonly { path: string; text: string }[], pattern: RegExp): readonly string[] {
  return texts.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(
      ({ 0: found, index }) => `${path}:${text.slice(0, index).split("\n").length} ${found}`,
    ),
  );
}

function otherThanReExports(path: string): readonly string[] {
  const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest);
  return file.statements
    .filter(
      (node) =>
        !ts.isExportDeclaration(node) || node.exportClause === undefined || !ts.isNamedExports(node.exportClause),
    )
    .map((node) => `${path}: ${node.getText(file).split("\n")[0]}`);
}
