/**
 * The built package, as it is published: no Node, no React, and an SDK only where it is meant to be (habits 9, 14).
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runNode, temporaryFolder } from "@sallyport/testkit";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = join(root, "dist");
const entries = ["index.js", "mcp/index.js", "mcp/sdk-v1.js", "mcp/sdk-v2.js"];
const imports = new Map<string, { fixed: string[]; dynamic: string[] }>();

beforeAll(() => {
  for (const file of scripts()) {
    const code = codeOf(file);
    const found = (pattern: RegExp): string[] => [...code.matchAll(pattern)].map(([, name]) => name ?? "");
    imports.set(file, {
      fixed: found(/(?:\bfrom|^import)\s*["']([^"']+)["']/gm),
      dynamic: found(/\bimport\(\s*["']([^"']+)["']/g),
    });
  }
});

function scripts(): string[] {
  try {
    const all = readdirSync(dist, { recursive: true, encoding: "utf8" });
    const found = all.filter((name) => name.endsWith(".js")).map((name) => name.replaceAll("\\", "/"));
    if (entries.every((entry) => found.includes(entry))) return found;
  } catch {
    // Said below.
  }
  throw new Error("auth-core is not built: run `pnpm --filter @sallyport/auth-core build` first.");
}

/** What stands in a file without its comments, whose examples import what they show. */
function codeOf(file: string): string {
  return readFileSync(join(dist, file), "utf8").replaceAll(/^\s*\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Everything that loads with `entry`: files of the package, and names of other packages. */
function loadedWith(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const name of imports.get(file)?.fixed ?? []) {
      if (name.startsWith(".")) visit(relative(dist, resolve(dist, dirname(file), name)).replaceAll("\\", "/"));
      else packages.add(name);
    }
  };
  visit(entry);
  return { files, packages };
}

describe("no file of the package", () => {
  it.each([
    ["a module of Node", /^node:/],
    ["React", /^react(-dom)?(\/|$)/],
    ["another package of this workspace", /^@sallyport\//],
  ])("imports %s", (_what, pattern) => {
    for (const [file, { fixed, dynamic }] of imports) {
      expect(
        [...fixed, ...dynamic].filter((name) => pattern.test(name)),
        file,
      ).toEqual([]);
    }
  });

  it("names a global of Node or of a page", () => {
    for (const file of imports.keys()) {
      expect(
        codeOf(file).match(/(?<![.\w"'`$])(?:process|Buffer|window|document|localStorage)(?:\.\w|\[)/g),
        file,
      ).toBeNull();
    }
  });
});

describe("an SDK", () => {
  it.each(["index.js", "mcp/index.js"])("is not loaded with %s", (entry) => {
    const { packages } = loadedWith(entry);
    expect([...packages].filter((name) => name.startsWith("@modelcontextprotocol/"))).toEqual([]);
  });

  it.each([
    ["mcp/sdk-v1.js", /^@modelcontextprotocol\/sdk\//],
    ["mcp/sdk-v2.js", /^@modelcontextprotocol\/client$/],
  ])("is loaded with %s, and only that one", (entry, pattern) => {
    const sdk = [...loadedWith(entry).packages].filter((name) => name.startsWith("@modelcontextprotocol/"));
    expect(sdk.length).toBeGreaterThan(0);
    for (const name of sdk) expect(name).toMatch(pattern);
  });

  it("is imported by name in no other way: dynamic imports lead to files of the package, and to what signs for AWS", () => {
    for (const [file, { dynamic }] of imports) {
      for (const name of dynamic) expect(name, file).toMatch(/^\.\.?\/|^aws4fetch$/);
    }
  });
});

it("a program without an SDK loads it, and learns what to install when it connects", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const { files, packages } = loadedWith("mcp/index.js");
  for (const file of files) await folder.write(`dist/${file}`, readFileSync(join(dist, file), "utf8"));
  const script = await folder.write(
    "program.mjs",
    `import { Session } from "./dist/mcp/index.js";
     const target = { kind: "http", url: "http://127.0.0.1:9/mcp", transport: "auto", headers: {}, auth: undefined };
     await new Session(target).connect().catch(({ code, message }) => console.log(code, message));`,
  );
  expect([...packages]).toEqual([]);
  const { stdout, stderr } = await runNode(script).finished;
  expect(stderr).toBe("");
  expect(stdout).toContain("connect_failed Cannot load the MCP SDK. Install @modelcontextprotocol/client");
});
