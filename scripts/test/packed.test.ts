/**
 * The packed packages, installed elsewhere: what they hold, what they export, and whether their quick starts do what they say.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocks } from "./markdown.ts";
import { bin, type Packed, packAndInstall, runInstalled } from "./packed.ts";
import { openStage, type Stage } from "./quick-starts.ts";
import { entries, pages, published, read, root } from "./repository.ts";

let packed: Packed;
beforeAll(async () => {
  packed = await packAndInstall();
}, 300_000);
afterAll(() => packed?.remove());

const tools = { timeout: 120_000 };

describe.each(published.map((member) => [member.manifest.name, member] as const))("%s", (name, member) => {
  const installed = (): string => join(packed.folder, "node_modules", name);
  const content = (): readonly string[] =>
    readdirSync(installed(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed().length + 1))
      .filter((path) => !path.startsWith("node_modules"));

  test("holds its build, README, LICENSE and manifest, and nothing else", () => {
    const other = content().filter((path) => !/^dist\/[\w./-]+(?<!\.test)\.(?:js|d\.ts)$/.test(path));
    expect(other.toSorted()).toEqual(["LICENSE", "README.md", "package.json"]);
  });

  test("mentions nothing of the workspace that it was built in", () => {
    const manifest = readFileSync(join(installed(), "package.json"), "utf8");
    expect(manifest).not.toMatch(/workspace:|catalog:|@sallyport\/source/);
    const build = content().filter((path) => path.startsWith("dist/"));
    const leaks = build.filter((path) => {
      const text = readFileSync(join(installed(), path), "utf8");
      return text.includes(root) || /@sallyport\/(?:source|testkit)|["'][^"']*\.\.\/src\//.test(text);
    });
    expect(leaks).toEqual([]);
  });

  test("is what publint asks for", tools, async () => {
    const tarball = await readFile(packed.tarballs[name] ?? "");
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
  });

  test("has types that resolve (attw)", tools, () => {
    const attw = join(root, "scripts/node_modules/.bin/attw");
    // It ends with an error when it finds a problem.
    execFileSync(attw, [packed.tarballs[name] ?? "", "--profile", "esm-only"], { stdio: "pipe", cwd: packed.folder });
  });

  test.each(entries(member))("exports the pinned names from $specifier", tools, async ({ specifier }) => {
    const program = `import(${JSON.stringify(specifier)}).then((it) => console.log(JSON.stringify(Object.keys(it))))`;
    const names = JSON.parse(await runInstalled(packed, "--input-type=module", "--eval", program)) as string[];
    expect(names.toSorted()).toEqual(pinnedValues(name, specifier));
  });
});

test("the types of every entry compile in a project of somebody else", tools, () => {
  const specifiers = published.flatMap((member) => entries(member).map(({ specifier }) => specifier));
  const consumer = join(packed.folder, "consumer.ts");
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    strict: true,
    noEmit: true,
    jsx: ts.JsxEmit.ReactJSX,
    types: ["node"],
    typeRoots: [join(packed.folder, "node_modules/@types")],
  };
  const host = ts.createCompilerHost(options);
  const text = specifiers
    .map((specifier, index) => `export * as entry${index} from ${JSON.stringify(specifier)};`)
    .join("\n");
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === consumer || fileExists(path);
  host.getSourceFile = (path, language, ...rest) =>
    path === consumer ? ts.createSourceFile(path, text, language) : getSourceFile.call(host, path, language, ...rest);
  const program = ts.createProgram([consumer], options, host);
  const own = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === consumer || fileName.includes("/node_modules/@sallyport/"));
  expect(own.length).toBeGreaterThan(specifiers.length);
  const problems = own.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  expect(
    problems.map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`),
  ).toEqual([]);
});

test("sallyport --version says the version that was packed", tools, async () => {
  const version = published.find(({ manifest }) => manifest.name === "@sallyport/cli")?.manifest.version;
  expect((await runInstalled(packed, bin(packed), "--version")).trim()).toBe(version);
});

const shown = pages().map((path) => [path, blocks(path)] as const);
const runnable = shown.filter(([, page]) => page.some(({ words }) => words.includes("run") || words.includes("serve")));
const server = shown
  .flatMap(([path, page]) => (path === "packages/server/README.md" ? page : []))
  .find(({ words }) => words.includes("serve"));

describe.each(runnable)("%s does what it says", (_, page) => {
  let stage: Stage;
  beforeAll(async () => {
    const serving = page.find(({ words }) => words.includes("serve")) ?? server;
    if (serving === undefined)
      throw new Error("packages/server/README.md has no block `ts serve` to run the other pages against.");
    stage = await openStage(packed, page, serving);
  }, 60_000);
  afterAll(() => stage?.stop());

  const programs = page.filter(({ words }) => words.includes("run"));
  test.each(programs.map((block) => [`line ${block.line}`, block] as const))("%s", tools, async (_line, block) => {
    const next = page[page.indexOf(block) + 1];
    const expected = next?.language === "text" ? stage.here(next.text.trimEnd()) : undefined;
    const shows = await stage.run(block, expected ?? "");
    if (expected !== undefined) expect(shows).toBe(expected);
  });
});

describe("the commands that the pages show exist", () => {
  const lines = shown.flatMap(([path, page]) =>
    page
      .filter(({ language }) => language === "sh")
      .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"))
      .filter((line) => line.startsWith("sallyport "))
      .map((line) => [path, line] as const),
  );
  test.each(lines)("%s: %s", tools, async (_, line) => {
    const words = line.split(/\s+/).slice(1);
    const names = words.slice(0, words.findIndex((word) => !/^[a-z]+$/.test(word)) >>> 0);
    const help = await Promise.all(
      names.map((_name, index) => runInstalled(packed, bin(packed), ...names.slice(0, index + 1), "--help")),
    );
    // A word that is no command is an argument: the help is then that of the command before it.
    const usage = help.findLast((text, index) =>
      text.startsWith(`Usage: sallyport ${names.slice(0, index + 1).join(" ")} `),
    );
    expect(usage, "the command exists").toBeDefined();
    const options = words.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0]);
    expect(options.filter((option) => !usage?.includes(` ${option} `))).toEqual([]);
  });
});

/** The names that exist at run time, from the list that docs.test.ts pins. */
function pinnedValues(name: string, specifier: string): readonly string[] {
  const sections = read(`scripts/test/surface/${name.slice("@sallyport/".length)}.txt`)
    .trim()
    .split("\n\n");
  const lines =
    sections
      .find((section) => section.split("\n")[0] === specifier)
      ?.split("\n")
      .slice(1) ?? [];
  return lines
    .map((line) => line.trim().split(" "))
    .flatMap(([kind, exported = ""]) => (kind === "type" ? [] : [exported]));
}
