/**
 * `sallyport client tools call`: call a tool and print what it returned.
 */

import { type ResumeOptions, resumeServer } from "../../connect-server.ts";
import type { Context, Outcome } from "../../context.ts";
import { isObject, parseJson } from "../../json.ts";
import { formatToolResult } from "../../output/tool-result.ts";
import { UsageError } from "../../usage-error.ts";

/** A result with `isError` is printed like any other and ends with `reported`. */
export async function callTool(context: Context, tool: string, text: string, options: ResumeOptions): Promise<Outcome> {
  const args = parseArguments(text);
  const result = await resumeServer(context, options, (session) => session.callTool(tool, args));
  if (result.isError) context.warn(`sallyport: the tool ${JSON.stringify(tool)} reported an error.`);
  return { data: result, text: () => formatToolResult(result), exit: result.isError ? "reported" : "ok" };
}

function parseArguments(text: string): Record<string, unknown> {
  const json = parseJson(text);
  const example = `Pass a JSON object in single quotes: '{"to":"user@example.com"}'`;
  if ("problem" in json) throw new UsageError(`cannot read the arguments: ${json.problem}. ${example}`);
  if (isObject(json.value)) return json.value;
  throw new UsageError(`the arguments are JSON, but not an object. ${example}`);
}
