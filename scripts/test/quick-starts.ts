/**
 * Runs what the pages show, as their readers would: against the installed packages, a real server and a real browser.
 * CONTRIBUTING.md says what the words after a block's language mean.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { listen } from "@sallyport/testkit";
import { chromium } from "playwright-core";
import ts from "typescript";
import { build } from "vite";
import type { Block } from "./markdown.ts";
import type { Packed } from "./packed.ts";

const execute = promisify(execFile);

/** A page's folder and server while its blocks run. */
export interface Stage {
  /** Runs a block; returns what it prints, or the text of the page that it draws. */
  run(block: Block, expected: string): Promise<string>;
  /** The text that a reader sees, as it is on this stage. */
  here(text: string): string;
  stop(): Promise<void>;
}

/** Writes the page's files and starts its server. */
export async function openStage(packed: Packed, page: readonly Block[], server: Block): Promise<Stage> {
  const folder = join(packed.folder, "pages", server.path === page[0]?.path ? "server" : slug(page[0]));
  await mkdir(folder, { recursive: true });
  const serving = spawn(
    process.execPath,
    [await writeProgram(folder, server, (text) => text.replaceAll("8000", "0"))],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const port = await announcedPort(serving);
  const here = (text: string): string => text.replaceAll("8000", port);
  for (const block of page) {
    const name = block.words.find((word) => word.startsWith("file="))?.slice("file=".length);
    if (name !== undefined) await writeFile(join(folder, name), here(block.text));
  }
  const env = {
    ...process.env,
    HOME: folder,
    SALLYPORT_HOME: join(folder, "home"),
    PATH: [join(packed.folder, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
  };
  return {
    here,
    async run(block, expected) {
      if (block.language === "tsx") return draw(folder, { ...block, text: here(block.text) }, expected);
      const [command, argument] =
        block.language === "sh"
          ? (["sh", ["-ec", here(block.text)]] as const)
          : ([process.execPath, [await writeProgram(folder, block, here)]] as const);
      return (await execute(command, argument, { cwd: folder, env, timeout: 60_000 })).stdout.trimEnd();
    },
    async stop() {
      if (serving.exitCode !== null) return;
      const ended = new Promise((resolve) => serving.once("exit", resolve));
      serving.kill();
      await ended;
    },
  };
}

function slug(block: Block | undefined): string {
  return (block?.path ?? "").replaceAll(/\W/g, "-");
}

async function writeProgram(folder: string, block: Block, change: (text: string) => string): Promise<string> {
  const { outputText } = ts.transpileModule(change(block.text), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  const path = join(folder, `${slug(block)}-${block.line}.mjs`);
  await writeFile(path, outputText);
  return path;
}

/** The port in the first address that the server prints. */
function announcedPort(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    server.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const port = /http:\/\/[\w.[\]:]+?:(\d+)/.exec(printed)?.[1];
      if (port !== undefined) resolve(port);
    });
    server.once("error", reject);
    server.once("exit", (code) =>
      reject(new Error(`The server ended with code ${code} before it printed its address: ${printed}`)),
    );
  });
}

/** Bundles a program for the browser, opens it, and waits until the page shows `expected`. */
async function draw(folder: string, block: Block, expected: string): Promise<string> {
  const source = join(folder, "page");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "program.tsx"), block.text);
  await writeFile(
    join(source, "main.tsx"),
    block.text.includes("export function App") ? mount : 'import "./program.tsx";',
  );
  await writeFile(
    join(source, "index.html"),
    '<!doctype html><div id="root"></div><script type="module" src="/main.tsx"></script>',
  );
  await build({ root: source, configFile: false, logLevel: "error", oxc: { jsx: { runtime: "automatic" } } });
  const server = await listen(async (request, response) => {
    const file = request.url === "/" ? "/index.html" : request.url;
    response.setHeader("content-type", file.endsWith(".js") ? "text/javascript" : "text/html");
    response.end(await readFile(join(source, "dist", file)).catch(() => ""));
  });
  const browser = await chromium.launch({
    executablePath: process.env["SALLYPORT_BROWSER"] ?? "",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const last = page.getByText(expected.split("\n").at(-1) ?? "");
    await last.waitFor({ timeout: 30_000 }).catch(() => undefined);
    return (await page.locator("body").allInnerTexts()).join("").trim();
  } finally {
    await browser.close();
    await server.close();
  }
}

// A page may show a component alone.
const mount = `
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./program.tsx";
createRoot(document.getElementById("root")).render(<StrictMode><App /></StrictMode>);
`;
