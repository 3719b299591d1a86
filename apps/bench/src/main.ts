/**
 * The command: `bench [--quick] [--out FILE]`.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { bench } from "./bench.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, out: { type: "string" } } });

const text = await bench(
  values.quick
    ? { network: { milliseconds: 5_000, block: 5 }, alone: { milliseconds: 2_000, block: 20 } }
    : { network: { milliseconds: 40_000, block: 10 }, alone: { milliseconds: 10_000, block: 50 } },
);
console.log(text);
if (values.out !== undefined) await writeFile(values.out, `${text}\n`);
