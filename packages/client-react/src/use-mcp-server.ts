/** `useMcpServer` and `useMcpServers`: the servers of the nearest `McpProvider`. */
import { SallyportError } from "@sallyport/auth-core/errors";
import { useContext } from "react";
import type { McpServers } from "./browser/servers.ts";
import { McpContext } from "./provider.ts";
import { type UseMcpResult, useConnection } from "./use-connection.ts";

/**
 * One server of the nearest `McpProvider`. The component renders again when this server changes, and not for others.
 *
 * @throws `server_unknown` while rendering when the provider has no server of that name; `config_invalid` without a provider.
 *
 * @example
 * ```ts
 * import { useMcpServer } from "@sallyport/client-react";
 *
 * function useStatus(): string {
 *   const { state, error } = useMcpServer("api");
 *   return error?.message ?? state;
 * }
 * ```
 */
export function useMcpServer(name: string): UseMcpResult {
  return useConnection(useServers("useMcpServer").get(name));
}

/**
 * Names of the servers of the nearest `McpProvider`, in the order of its configuration. Give each its own component
 * with {@link useMcpServer}, so that a change of one renders one.
 *
 * @throws `config_invalid` while rendering without a provider.
 *
 * @example
 * ```ts
 * import { useMcpServers } from "@sallyport/client-react";
 *
 * const useServerCount = (): number => useMcpServers().length;
 * ```
 */
export function useMcpServers(): readonly string[] {
  return useServers("useMcpServers").names;
}

function useServers(hook: string): McpServers {
  const servers = useContext(McpContext);
  if (servers !== undefined) return servers;
  throw new SallyportError(
    "config_invalid",
    `${hook}() was called outside of <McpProvider>. Wrap the components that use it in <McpProvider config={{ mcpServers: … }}>.`,
  );
}
