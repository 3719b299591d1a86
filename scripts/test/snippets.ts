/**
 * One TypeScript program over every snippet of the documentation and every entry of the packages, all resolved to sources.
 */
import { join } from "node:path";
import ts from "typescript";
import type { Block } from "./markdown.ts";
import { entries, members, published, root } from "./repository.ts";

/** What the compiler says about one snippet, its lines counted in the file it stands in. */
export type Check = (snippet: Block) => readonly string[];

/** A name that a package exports. */
export interface ExportedName {
  readonly name: string;
  readonly kind: "class" | "function" | "const" | "type";
  readonly documented: boolean;
}

/** Compiles `snippets` together with the entries of all packages. */
export function compile(snippets: readonly Block[]): {
  check: Check;
  surface: (source: string) => readonly ExportedName[];
} {
  const files = new Map(snippets.map((snippet) => [fileName(snippet), snippet]));
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path)?.text ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const snippet = files.get(path);
    if (snippet === undefined) return getSourceFile.call(host, path, ...rest);
    // A snippet is a module of a package: top-level `await` is allowed, and what it declares is its own.
    return ts.createSourceFile(
      path,
      snippet.text,
      {
        languageVersion: ts.ScriptTarget.ES2023,
        impliedNodeFormat: ts.ModuleKind.ESNext,
        setExternalModuleIndicator: (it) => Object.assign(it, { externalModuleIndicator: it }),
      },
      true,
    );
  };
  const cache = ts.createModuleResolutionCache(root, (path) => path, options);
  host.resolveModuleNameLiterals = (literals, containing, redirect, settings, file) =>
    literals.map((literal) => {
      const mode = ts.getModeForUsageLocation(file, literal, settings);
      const resolve = (from: string): ts.ResolvedModuleWithFailedLookupLocations =>
        ts.resolveModuleName(literal.text, from, settings, host, cache, redirect, mode);
      if (!files.has(containing)) return resolve(containing);
      // A page of the root may import what any package depends on.
      const results = [containing, ...members.map(({ folder }) => join(root, folder, "snippet.ts"))].map(resolve);
      const typed = results.find(({ resolvedModule }) => /\.[cm]?tsx?$/.test(resolvedModule?.resolvedFileName ?? ""));
      return typed ?? { resolvedModule: undefined };
    });
  const sources = published.flatMap((member) => entries(member).map(({ source }) => join(root, source)));
  const program = ts.createProgram([...files.keys(), ...sources], options, host);
  const checker = program.getTypeChecker();

  return {
    check(snippet) {
      const file = program.getSourceFile(fileName(snippet));
      if (file === undefined) return [`${snippet.path}:${snippet.line} is not part of the program`];
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ start = 0, messageText }) => {
          const line = snippet.line + file.getLineAndCharacterOfPosition(start).line;
          return `${snippet.path}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
        },
      );
    },
    surface(source) {
      const file = program.getSourceFile(join(root, source));
      const module = file && checker.getSymbolAtLocation(file);
      if (module === undefined) return [];
      return checker
        .getExportsOfModule(module)
        .map((symbol) => exportedName(symbol, checker))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return {
    ...options,
    jsx: ts.JsxEmit.ReactJSX,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    // A snippet may show a value without using it.
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
}

// A snippet stands in the folder of its package, so that it imports what a user of the package could.
function fileName({ path, line, language }: Block): string {
  const folder = members.find((member) => path.startsWith(`${member.folder}/`))?.folder ?? ".";
  return join(root, folder, `${path.replaceAll(/[/.]/g, "-")}-${line}.${language}`);
}

function exportedName(symbol: ts.Symbol, checker: ts.TypeChecker): ExportedName {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const typeOnly =
    symbol.declarations?.some((node) => ts.isExportSpecifier(node) && ts.isTypeOnlyImportOrExportDeclaration(node)) ===
    true;
  const kinds = [
    [ts.SymbolFlags.Class, "class"],
    [ts.SymbolFlags.Function, "function"],
    [ts.SymbolFlags.Value, "const"],
  ] as const;
  const own = target.declarations?.some((node) => !node.getSourceFile().fileName.includes("/node_modules/")) === true;
  return {
    name: symbol.name,
    kind: typeOnly ? "type" : (kinds.find(([flag]) => target.flags & flag)?.[1] ?? "type"),
    documented: !own || target.getDocumentationComment(checker).length > 0,
  };
}
