/**
 * The figures as Markdown.
 */
import { arch, cpus, loadavg, platform } from "node:os";
import type { Series } from "./measure.ts";
import type { Size } from "./sizes.ts";
import { paired, type Spread, spreadOf } from "./statistics.ts";
import { bare } from "./variants.ts";

/** What one run gave, by the name of the row. */
export interface Figures {
  readonly network: ReadonlyMap<string, Series>;
  readonly alone: ReadonlyMap<string, Series>;
  readonly sizes: readonly Size[];
}

export function report({ network, alone, sizes }: Figures): string {
  const base = network.get(bare);
  const baseAlone = alone.get(bare);
  if (base === undefined || baseAlone === undefined) throw new Error(`${bare} was not measured.`);
  const times = [...network].map(([name, { cpu, wall }]) => [
    name,
    micros(spreadOf(wall)),
    ratio(paired(wall, base.wall, divide)),
    micros(spreadOf(cpu)),
    ratio(paired(cpu, base.cpu, divide)),
    micros(paired(alone.get(name)?.cpu ?? [], baseAlone.cpu, subtract), 1),
  ]);
  const weights = sizes.map(({ exported, alone, added }) => [
    `\`${exported}\``,
    `${alone}`,
    added === 0 ? "" : `${added}`,
  ]);
  return [
    "# Bench",
    machine(base.wall.length),
    "Microseconds of one POST: median (middle half). Ratios are taken round by round against bare fetch.",
    table(["scheme", "wall µs", "× bare", "CPU µs", "× bare", "scheme alone, CPU µs"], times),
    "Bytes of a bundle, minified and gzipped: of the export alone, and what it adds to one that has `createAuthFetch`.",
    table(["export", "alone", "added"], weights),
  ].join("\n\n");
}

function machine(rounds: number): string {
  const { model = "unknown processor" } = cpus()[0] ?? {};
  const load = loadavg().map((value) => value.toFixed(1));
  return [
    `${model.trim()}, ${cpus().length} cores, ${platform()} ${arch()}, Node ${process.versions.node}, ${rounds} rounds.`,
    `Load average ${load.join(", ")}: above the number of cores the machine had other work.`,
  ].join(" ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function micros({ median, low, high }: Spread, digits = 0): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

function ratio({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function divide(value: number, base: number): number {
  return value / base;
}

function subtract(value: number, base: number): number {
  return value - base;
}
