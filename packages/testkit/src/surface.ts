/**
 * What every MCP test server offers, whichever SDK line serves it: tools, resources, a template and a prompt.
 */
import { z } from "zod";

/** What a tool may use while it runs. */
export interface ToolCall {
  readonly signal: AbortSignal;
  /** Tell the caller how far the tool is; does nothing when the caller did not ask. */
  progress(done: number, total: number, message: string): Promise<void>;
}

export interface SurfaceTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: z.ZodObject;
  run(args: unknown, call: ToolCall): string | Promise<string>;
}

/** The tools, each answering with one text. A tool that throws becomes a result with `isError`. */
export const tools: readonly SurfaceTool[] = [
  tool("echo", "Say the text again", { text: z.string() }, ({ text }) => text),
  tool("add", "Add two numbers", { a: z.number(), b: z.number() }, ({ a, b }) => String(a + b)),
  tool("count", "Count up, with progress", { to: z.number().int().max(1000) }, async ({ to }, call) => {
    for (let done = 1; done <= to; done++) await call.progress(done, to, `counted ${done}`);
    return `counted to ${to}`;
  }),
  tool("fail", "Always fails", {}, () => {
    throw new Error("this tool always fails");
  }),
  tool("wait", "Never answers; ends when the caller gives up", {}, (_args, { signal }) => waitForAbort(signal)),
];

/** Fixed resources by URI. */
export const resources: readonly { readonly name: string; readonly uri: string; readonly text: string }[] = [
  { name: "readme", uri: "notes://readme", text: "Read me first." },
  { name: "changes", uri: "notes://changes", text: "Nothing has changed." },
];

/** A resource template whose variable completes from {@link names}. */
export const template: { readonly name: string; readonly uri: string; text(name: string): string } = {
  name: "greeting",
  uri: "greetings://{name}",
  text: (name) => `Hello, ${name}.`,
};

/** A prompt whose argument `name` completes from {@link names}. */
export const prompt: { readonly name: string; readonly description: string; text(name: string): string } = {
  name: "introduce",
  description: "Introduce someone",
  text: (name) => `Introduce ${name} to the others.`,
};

const names = ["ada", "alan", "grace"];

/** The names that start with what was typed. */
export function completeName(typed: string | undefined): string[] {
  return names.filter((name) => name.startsWith(typed ?? ""));
}

function tool<Shape extends z.ZodRawShape>(
  name: string,
  description: string,
  shape: Shape,
  run: (args: z.infer<z.ZodObject<Shape>>, call: ToolCall) => string | Promise<string>,
): SurfaceTool {
  const inputSchema = z.object(shape);
  return { name, description, inputSchema, run: (args, call) => run(inputSchema.parse(args), call) };
}

function waitForAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
