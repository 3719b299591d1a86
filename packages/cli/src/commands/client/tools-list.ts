/**
 * `sallyport client tools list`: the tools of a connected server.
 */
import type { Tool } from "@sallyport/auth-core/mcp";
import { type ResumeOptions, resumeServer } from "../../connect-server.ts";
import type { Context, Outcome } from "../../context.ts";
import { isObject } from "../../json.ts";
import { printable, printableLine } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

export async function listTools(context: Context, options: ResumeOptions): Promise<Outcome> {
  const tools = await resumeServer(context, options, (session) => session.listTools());
  return {
    data: { tools },
    text: (style) => {
      if (tools.length === 0) return "The server has no tools.";
      const rows = tools.map((tool) => [printableLine(tool.name), formatArguments(tool), summaryOf(tool)]);
      return formatTable(["TOOL", "ARGUMENTS", "DESCRIPTION"], rows, style);
    },
  };
}

/** The names of a tool's arguments, those that may be left out with a question mark. */
function formatArguments({ inputSchema }: Tool): string {
  const { properties, required } = inputSchema as { properties?: unknown; required?: unknown };
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  const names = isObject(properties) ? Object.keys(properties) : [];
  return names.map((name) => printableLine(needed.has(name) ? name : `${name}?`)).join(", ");
}

function summaryOf({ description, title }: Tool): string {
  const [first = ""] = printable(description ?? title ?? "")
    .trim()
    .split("\n");
  return printableLine(first);
}
