/**
 * The definitions of `sallyport client …`.
 */
import { type Command, InvalidArgumentError } from "commander";
import type { ResumeOptions } from "../connect-server.ts";
import { addCommand, type Execute } from "./add-command.ts";
import type { ConnectOptions } from "./client/entry.ts";

const nameHelp = "the connected server (default: the last connected one)";
const timeoutOption = ["--timeout <seconds>", "give up after this long (default: 60)", parseSeconds] as const;

export function defineClient(client: Command, execute: Execute): void {
  addCommand(client, "connect", "Connect to a server, check that it answers, and save how.")
    .argument("[target...]", "the server's URL; with --stdio and after --, the command and its arguments")
    .usage(
      "<url> --name <name> [options]\n       sallyport client connect --stdio --name <name> [options] -- <command> [args...]",
    )
    .requiredOption("--name <name>", "what the server is called from now on")
    .option("--auth <token>", "bearer token; it is saved, and is seen in the shell's history: see --auth-env")
    .option("--auth-env <variable>", "read the bearer token from this variable at every call; it is never saved")
    .option("--auth-stdin", "read the bearer token from stdin; it is saved")
    .option("--header <name=value>", "send this header with every request; repeatable", collect)
    .option("--stdio", "start the server as a child process")
    .option(
      "--env <name[=value]>",
      "with --stdio: a variable for the server; without value, yours at every start; repeatable",
      collect,
    )
    .option(...timeoutOption)
    .action((target: string[], options: ConnectOptions) =>
      execute(async (context) => (await import("./client/connect.ts")).connect(context, target, options)),
    );

  addCommand(client, "list", "List the connected servers.").action(() =>
    execute(async (context) => (await import("./client/list.ts")).list(context)),
  );

  addCommand(client, "disconnect", "Forget a connected server and the credential saved for it.")
    .argument("[name]", nameHelp)
    .action((name: string | undefined) =>
      execute(async (context) => (await import("./client/disconnect.ts")).disconnect(context, name)),
    );

  const tools = client.command("tools").description("List and call a server's tools.").summary("list and call tools");
  addCommand(tools, "list", "List the tools of a connected server.")
    .option("--name <name>", nameHelp)
    .option(...timeoutOption)
    .action((options: ResumeOptions) =>
      execute(async (context) => (await import("./client/tools-list.ts")).listTools(context, options)),
    );
  addCommand(tools, "call", "Call a tool and print its result.")
    .argument("<tool>", "the tool's name")
    .argument("[arguments]", "its arguments, a JSON object", "{}")
    .option("--name <name>", nameHelp)
    .option(...timeoutOption)
    .addHelpText("after", `\nExample:\n  sallyport client tools call send_email '{"to":"user@example.com"}'`)
    .action((tool: string, args: string, options: ResumeOptions) =>
      execute(async (context) => (await import("./client/tools-call.ts")).callTool(context, tool, args, options)),
    );
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  // Timers of Node hold at most 2^31 milliseconds.
  if (seconds > 0 && seconds < 2_000_000) return seconds;
  throw new InvalidArgumentError("It takes a number of seconds.");
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
