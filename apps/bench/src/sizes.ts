/**
 * What a bundle weighs that imports a scheme: minified by esbuild, then gzipped.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Bytes of one export of auth-core. */
export interface Size {
  readonly exported: string;
  /** A bundle of it alone. */
  readonly alone: number;
  /** What it adds to a bundle that has `createAuthFetch`. */
  readonly added: number;
}

/** @param conditions - how packages are resolved. Default: as users get them, built. */
export async function sizes(exports: readonly string[], conditions: readonly string[] = []): Promise<Size[]> {
  const fetchAlone = await bundled(["createAuthFetch"], conditions);
  const rows = exports.map(async (exported) => ({
    exported,
    alone: await bundled([exported], conditions),
    added: (await bundled(["createAuthFetch", exported], conditions)) - fetchAlone,
  }));
  return [{ exported: "createAuthFetch", alone: fetchAlone, added: 0 }, ...(await Promise.all(rows))];
}

async function bundled(names: readonly string[], conditions: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names.join(", ")} } from "@sallyport/auth-core";`,
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: [...conditions],
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).byteLength;
}
