/**
 * The lists of what a server offers. One that the server keeps from this person, or fails to give, is empty; only an
 * error that concerns the whole connection is thrown.
 */
import { isSallyportError } from "@sallyport/auth-core/errors";
import type { ListName, Session } from "@sallyport/auth-core/mcp";
import type { McpContent } from "./state.ts";

export type Lists = Pick<McpContent, ListName>;

/** Failures of one request that say nothing about the next. */
const ownFailures: ReadonlySet<string> = new Set(["insufficient_scope", "request_failed", "request_timeout"]);

/**
 * One list, whole.
 *
 * @param onMissing - called with the reason when the server did not give it.
 */
export async function readList(
  session: Session,
  name: ListName,
  onMissing: (reason: string) => void,
): Promise<Partial<Lists>> {
  try {
    switch (name) {
      case "tools":
        return { tools: await session.listTools() };
      case "resources":
        return { resources: await session.listResources() };
      case "prompts":
        return { prompts: await session.listPrompts() };
    }
  } catch (error) {
    if (!isSallyportError(error) || !ownFailures.has(error.code)) throw error;
    onMissing(`The ${name} are missing: ${error.message}`);
    return { [name]: [] };
  }
}
