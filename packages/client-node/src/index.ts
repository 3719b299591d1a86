export { Session } from "@sallyport/auth-core/mcp";
export { MCPClient, type MCPClientOptions, type ServerEvent } from "./client.ts";
export { type LoadedConfig, type LoadedConfigFile, loadConfigFile, readConfigFile } from "./config-file.ts";
export type { Environment, EnvironmentOptions } from "./environment.ts";
export { HttpSession, type HttpSessionOptions } from "./http-session.ts";
export { type NodeSecretsOptions, nodeSecrets } from "./secrets/node-secrets.ts";
export { SessionsError } from "./sessions-error.ts";
