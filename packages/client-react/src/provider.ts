/** `McpProvider`: the servers of one configuration, connected to while it is mounted, for the components below. */
import { type Context, createContext, createElement, type ReactElement, type ReactNode, useEffect } from "react";
import { type McpConfig, McpServers } from "./browser/servers.ts";
import type { ClientSettings } from "./browser/source.ts";
import { useKept } from "./use-kept.ts";

/** Either a configuration, with settings for every server, or a collection made elsewhere. */
export type McpProviderProps = { readonly children?: ReactNode } & (
  | ({ readonly config: McpConfig; readonly servers?: never } & ClientSettings)
  | { readonly servers: McpServers; readonly config?: never }
);

/** The collection of the nearest provider. */
export const McpContext: Context<McpServers | undefined> = createContext<McpServers | undefined>(undefined);

/**
 * Connect to the servers of a configuration while it is mounted. When the configuration changes, servers whose entry
 * is still the same stay connected.
 *
 * @throws `config_invalid` while rendering when `config` has no `mcpServers`. A wrong entry is the `error` of its own server.
 *
 * @example
 * ```ts
 * import { McpProvider } from "@sallyport/client-react";
 * import { createElement, type ReactNode } from "react";
 *
 * const config = { mcpServers: { api: { url: "https://api.example.com/mcp", authToken: "sk-1" } } };
 * const withServers = (page: ReactNode) => createElement(McpProvider, { config }, page);
 * ```
 */
export function McpProvider(props: McpProviderProps): ReactElement {
  return props.servers === undefined ? createElement(ConfigProvider, props) : createElement(ServersProvider, props);
}

type ConfigProps = Extract<McpProviderProps, { readonly config: McpConfig }>;

function ConfigProvider({ config, children, servers: _, ...settings }: ConfigProps): ReactElement {
  const servers = useKept<McpServers>(
    (known) => known.accepts(config, settings),
    (known) => new McpServers(config, settings, known),
  );
  useEffect(() => servers.update(config, settings));
  return createElement(ServersProvider, { servers }, children);
}

function ServersProvider({ servers, children }: { servers: McpServers; children?: ReactNode }): ReactElement {
  useEffect(() => servers.hold(), [servers]);
  return createElement(McpContext.Provider, { value: servers }, children);
}
