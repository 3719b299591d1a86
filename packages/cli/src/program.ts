/**
 * The commands and their options. A group's commands are defined when the group is named in the arguments, and a
 * command's code is loaded when it runs, so that `--help` and a misspelt option cost nothing.
 */
import { Command } from "commander";
import type { Execute } from "./commands/add-command.ts";
import { exitCodes } from "./exit-codes.ts";
import { version } from "./version.ts";

/** Adds a group's commands to it. */
type DefineGroup = (group: Command, execute: Execute) => void;

const groups: Readonly<Record<string, { readonly summary: string; load(): Promise<DefineGroup> }>> = {
  client: {
    summary: "connect to MCP servers and call their tools",
    load: async () => (await import("./commands/client.ts")).defineClient,
  },
  config: {
    summary: "check config files and print their schema",
    load: async () => (await import("./commands/config.ts")).defineConfig,
  },
};

/**
 * The parser for these arguments. It throws a `CommanderError` where commander would exit.
 *
 * @param output - where help and usage errors go.
 */
export async function buildProgram(
  args: readonly string[],
  execute: Execute,
  output: { writeOut(text: string): void; writeErr(text: string): void },
): Promise<Command> {
  const program = new Command("sallyport")
    .description("Call protected MCP servers from a terminal.")
    .version(version)
    .exitOverride()
    .configureOutput(output)
    .showHelpAfterError("Run the command with --help to see how it is used.")
    .enablePositionalOptions()
    .addHelpText("after", `\n${exitCodeHelp()}\n\n${environmentHelp}`);

  for (const [name, { summary, load }] of Object.entries(groups)) {
    const group = program
      .command(name)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .summary(summary);
    if (args.includes(name)) (await load())(group, execute);
  }
  return program;
}

function exitCodeHelp(): string {
  const lines = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`);
  return ["Exit codes:", ...lines].join("\n");
}

const environmentHelp = `Environment:
  SALLYPORT_HOME   where sessions are saved (default: ~/.sallyport)
  SALLYPORT_DEBUG  when set, errors show where they come from
  NO_COLOR         when set, no colour on a terminal`;
