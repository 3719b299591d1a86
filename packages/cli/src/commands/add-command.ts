/**
 * What every command has in common: it knows `--json`, and returns an outcome that somebody else prints.
 */
import type { Command } from "commander";
import type { Context, Outcome } from "../context.ts";

/** Runs a command's code and prints its outcome. */
export type Execute = (start: (context: Context) => Promise<Outcome>) => Promise<void>;

/** A command that prints a result. */
export function addCommand(group: Command, usage: string, description: string): Command {
  return group.command(usage).description(description).option("--json", "print JSON alone on stdout, also for errors");
}
