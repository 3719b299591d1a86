/** `useMcp`: one server, connected to while the component is mounted. */
import { useEffect } from "react";
import { McpConnection } from "./browser/connection.ts";
import { sourceOf, type UseMcpOptions } from "./browser/source.ts";
import { type UseMcpResult, useConnection } from "./use-connection.ts";
import { useKept } from "./use-kept.ts";

/**
 * Connect to an MCP server while the component is mounted.
 *
 * Options that mean the same keep the connection, also when they are new objects; a changed `url`, `auth`, `headers`
 * or other option is a new one. A function (`authToken`, `auth`, `headers` or one of them, `fetch`) is asked anew for each request, the
 * newest one: that it is another function is no change. An instance of a class, such as an `Auth`, is compared by
 * identity: create it outside of the component, or with `useMemo`.
 *
 * Failures are in `error`, with a `code`: `authorization_required`, `unauthorized`, `insufficient_scope`,
 * `connect_failed`, `config_invalid`, `config_conflict`, `auth_unsupported`, `session_closed` and the other codes of
 * `SallyportError`.
 *
 * @example
 * ```ts
 * import { useMcp } from "@sallyport/client-react";
 *
 * function useToolNames(token: string): string[] {
 *   const { state, tools } = useMcp({ url: "https://api.example.com/mcp", authToken: token });
 *   return state === "ready" ? tools.map((tool) => tool.name) : [];
 * }
 * ```
 */
export function useMcp(options: UseMcpOptions): UseMcpResult {
  const source = sourceOf(options);
  const connection = useKept<McpConnection>(
    (known) => known.accepts(source),
    () => new McpConnection(source),
  );
  useEffect(() => connection.update(source));
  return useConnection(connection);
}
