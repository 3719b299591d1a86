/**
 * What the documentation shows compiles, parses and exists; what the packages export is pinned and documented.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseConfigText } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { type Block, blocks, examples } from "./markdown.ts";
import { catalog, entries, files, members, pages, published, read, root } from "./repository.ts";
import { compile } from "./snippets.ts";

const shown = pages().flatMap(blocks);
const sources = files().filter((path) => /^packages\/(?!testkit\/)[^/]+\/src\/.*\.tsx?$/.test(path));
const code = [...shown, ...sources.flatMap(examples)].filter(({ language }) => language === "ts" || language === "tsx");
const broken: Block = {
  path: "docs/broken.md",
  line: 7,
  language: "ts",
  words: [],
  text: "await new Client().close();\n",
};
const { check, surface } = compile([...code, broken]);

describe("code compiles against the sources", () => {
  test("and the compiler sees what it does not know", () => {
    expect(check(broken)).toEqual(["docs/broken.md:7 Cannot find name 'Client'."]);
  });

  test.each(code.map((block) => [at(block), block] as const))("%s", (_, block) => {
    expect(check(block)).toEqual([]);
  });
});

describe("commands can be run", () => {
  const shells = shown.filter(({ language }) => language === "sh");
  test.each(shells.map((block) => [at(block), block] as const))("%s", (_, block) => {
    execFileSync("sh", ["-n"], { input: block.text, stdio: ["pipe", "ignore", "pipe"] });
    expect(
      block.text
        .trim()
        .split(/(?<!\\)\n/)
        .map(problem)
        .filter((it) => it !== undefined),
    ).toEqual([]);
  });
});

describe("configurations are valid", () => {
  const configs = shown.filter(({ language, text }) => /^jsonc?$/.test(language) && text.includes('"mcpServers"'));
  test.each(configs.map((block) => [at(block), block] as const))("%s", (_, block) => {
    expect(Object.keys(parseConfigText(block.text).mcpServers)).not.toEqual([]);
  });
});

test("links between pages lead somewhere", () => {
  const dead = pages().flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
      .filter(([, target = ""]) => !existsSync(join(root, dirname(path), target)))
      .map(([, target]) => `${path}: ${target}`),
  );
  expect(dead).toEqual([]);
});

describe.each(published.map((member) => [member.manifest.name, member] as const))("%s", (_, member) => {
  const exported = entries(member).map(({ specifier, source }) => ({ specifier, names: surface(source) }));

  test("exports what is written down, and nothing else", async () => {
    const text = exported.map(({ specifier, names }) =>
      [specifier, ...names.map(({ kind, name }) => `  ${kind} ${name}`)].join("\n"),
    );
    await expect(`${text.join("\n\n")}\n`).toMatchFileSnapshot(
      `surface/${member.manifest.name.slice("@sallyport/".length)}.txt`,
    );
  });

  test("says of everything it exports what it is", () => {
    const bare = exported.flatMap(({ specifier, names }) =>
      names.filter(({ documented }) => !documented).map(({ name }) => `${specifier} ${name}`),
    );
    expect(bare).toEqual([]);
  });
});

function at({ path, line }: Block): string {
  return `${path}:${line}`;
}

/** What is wrong with one command of a page, if anything. */
function problem(command: string): string | undefined {
  const [program = "", ...args] = command.replace(/^(?:[A-Z_]+=\S* )*/, "").split(/\s+/);
  if (program === "" || program.startsWith("#")) return undefined;
  if (["git", "cd", "node", "npx", "sallyport", "export", "curl"].includes(program)) return undefined;
  if (program !== "npm" && program !== "pnpm") return `${program} is no command that a page may assume`;
  const [verb = "", ...rest] = args.filter((arg) => arg !== "--silent");
  if (["install", "i", "add", "test", "exec", "--filter"].includes(verb)) {
    const unknown = ["install", "i", "add"].includes(verb)
      ? rest.filter((name) => /^[@a-z]/.test(name) && !packages.has(name))
      : [];
    return unknown.length > 0 ? `${unknown.join(", ")}: no package of this workspace or its catalog` : undefined;
  }
  const script = verb === "run" ? rest[0] : verb;
  return scripts.has(script ?? "") ? undefined : `${command}: package.json has no such script`;
}

const scripts = new Set(Object.keys(JSON.parse(read("package.json")).scripts));
const packages = new Set([...members.map(({ manifest }) => manifest.name), ...catalog.keys()]);
