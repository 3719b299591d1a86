/**
 * One run of everything.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Effort, measure } from "./measure.ts";
import { report } from "./report.ts";
import { schemes } from "./schemes.ts";
import { sizes } from "./sizes.ts";
import { answerAtOnce, variants } from "./variants.ts";

/** How much to measure. */
export interface BenchOptions {
  readonly network: Effort;
  readonly alone: Effort;
  /** How esbuild resolves packages. Default: as users get them, built. */
  readonly conditions?: readonly string[];
}

/** Measure, and tell in Markdown. */
export async function bench({ network, alone, conditions }: BenchOptions): Promise<string> {
  const server = fork(fileURLToPath(new URL("../server/server.mjs", import.meta.url)), { execArgv: [] });
  try {
    const [port] = await once(server, "message");
    const all = schemes();
    const exports = [...new Set(all.flatMap(({ exported = [] }) => exported))];
    return report({
      network: await measure(variants(all, `http://127.0.0.1:${port}`, globalThis.fetch), network),
      alone: await measure(variants(all, "http://127.0.0.1", answerAtOnce), alone),
      sizes: await sizes(exports, conditions),
    });
  } finally {
    server.kill();
  }
}
