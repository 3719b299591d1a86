/** React hooks for protected MCP servers. */
export {
  ConfigError,
  type ErrorCode,
  isSallyportError,
  SallyportError,
} from "@sallyport/auth-core/errors";
export type { McpActions } from "./browser/actions.ts";
export type { McpConnection } from "./browser/connection.ts";
export type { LogEntry } from "./browser/log.ts";
export { type McpConfig, McpServers } from "./browser/servers.ts";
export type { ClientSettings, ServerOptions, SignInOptions, UseMcpOptions } from "./browser/source.ts";
export type { McpConnectionState, McpContent, McpSnapshot } from "./browser/state.ts";
export { McpProvider, type McpProviderProps } from "./provider.ts";
export type { UseMcpResult } from "./use-connection.ts";
export { useMcp } from "./use-mcp.ts";
export { useMcpServer, useMcpServers } from "./use-mcp-server.ts";
