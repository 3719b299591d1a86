#!/usr/bin/env node
/**
 * The entry of the `sallyport` command. It answers `--version` itself; everything else is loaded when it is known that
 * it is needed.
 */
import { version } from "./version.ts";

const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.on("error", () => {}).write(`${version}\n`);
} else {
  const { runProcess } = await import("./process.ts");
  await runProcess(args);
}
