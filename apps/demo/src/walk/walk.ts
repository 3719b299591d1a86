/** The whole walk: every way in, and every way of being refused. */
import type { Surroundings } from "../surroundings.ts";
import { walkCli } from "./cli.ts";
import { walkClients } from "./clients.ts";
import { walkPage } from "./page.ts";
import { walkRefusals } from "./refusals.ts";
import { Report } from "./report.ts";
import { walkSignIn } from "./sign-in.ts";

/** @returns how many steps did not do what they should. */
export async function walk(surroundings: Surroundings, print: (line: string) => void): Promise<number> {
  const report = new Report(print);
  await walkClients(report, surroundings);
  await walkSignIn(report, surroundings);
  await walkRefusals(report, surroundings);
  await walkCli(report, surroundings);
  await walkPage(report, surroundings);
  print(`\n${report.steps - report.failures} of ${report.steps} steps did what they should.`);
  return report.failures;
}
