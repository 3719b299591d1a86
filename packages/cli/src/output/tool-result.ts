/**
 * A tool's result for people: its text as it is, its structured content as JSON, everything else by name and size.
 */
import type { CallToolResult } from "@sallyport/auth-core/mcp";
import { printable, printableLine } from "./printable.ts";

type Content = CallToolResult["content"][number];

/** The lines to print; empty when there is nothing in it. */
export function formatToolResult(result: CallToolResult): string {
  const { structuredContent } = result;
  const blocks = result.content ?? [];
  if (structuredContent === undefined) return blocks.map(formatContent).join("\n");
  // Servers repeat the structured content as text for clients that do not know it: once is enough.
  const others = blocks.filter((block) => block.type !== "text" || !isSameJson(block.text, structuredContent));
  return [...others.map(formatContent), printable(JSON.stringify(structuredContent, null, 2))].join("\n");
}

function formatContent(content: Content): string {
  switch (content.type) {
    case "text":
      return printable(content.text).replace(/\n$/, "");
    case "image":
    case "audio":
      return `[${content.type}: ${printableLine(content.mimeType)}, ${sizeOfBase64(content.data)}]`;
    case "resource_link":
      return `[resource: ${printableLine(content.uri)}]`;
    case "resource":
      return formatResource(content.resource);
    default:
      return printable(JSON.stringify(content, null, 2));
  }
}

function formatResource(resource: Extract<Content, { type: "resource" }>["resource"]): string {
  const name = printableLine(resource.uri);
  if ("text" in resource) return `[resource: ${name}]\n${printable(resource.text)}`;
  return `[resource: ${name}, ${sizeOfBase64(resource.blob)}]`;
}

function sizeOfBase64(data: string): string {
  const bytes = Math.floor((data.replace(/=+$/, "").length * 3) / 4);
  return bytes < 10_000 ? `${bytes} bytes` : `${(bytes / 1000).toFixed(1)} kB`;
}

function isSameJson(text: string, value: unknown): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(value);
  } catch {
    return false;
  }
}
