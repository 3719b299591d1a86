/**
 * The definitions of `sallyport config …`.
 */
import type { Command } from "commander";
import { addCommand, type Execute } from "./add-command.ts";

export function defineConfig(config: Command, execute: Execute): void {
  addCommand(config, "check", "Check a config file and show how each server would be authenticated. Starts nothing.")
    .argument("<file>", "a JSON file with `mcpServers`")
    .option("-e, --env-file <file>", "read variables from this file too; relative to the config file")
    .action((file: string, options: { envFile?: string }) =>
      execute(async (context) => (await import("./config/check.ts")).check(context, file, options.envFile)),
    );

  addCommand(config, "schema", "Print the JSON Schema of config files, for editors.").action(() =>
    execute(async () => (await import("./config/schema.ts")).schema()),
  );
}
