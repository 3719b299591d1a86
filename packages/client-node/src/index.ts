export { Session } from "@sallyport/auth-core/mcp";
export { MCPClient, type MCPClientOptions, type ServerEvent } from "./client.ts";
export { type LoadedConfig, type LoadedConfigFile, loadConfigFile, readConfigFile } from "./config-file.ts";
export type { Environment, EnvironmentOptions } from "./environment.ts";
export { HttpSession, type HttpSessionOptions } from "./http-session.ts";
export {
  type AutomaticInteractionOptions,
  automaticInteraction,
} from "./interaction/automatic.ts";
export { readCallback } from "./interaction/callback.ts";
export type { LoopbackHost } from "./interaction/listener.ts";
export { type LoopbackInteractionOptions, loopbackInteraction } from "./interaction/loopback.ts";
export { type ManualInteractionOptions, manualInteraction } from "./interaction/manual.ts";
export { canAskPerson, type Surroundings } from "./interaction/ways.ts";
export { type NodeSecretsOptions, nodeSecrets } from "./secrets/node-secrets.ts";
export { SessionsError } from "./sessions-error.ts";
export { type FileStoreOptions, fileStore } from "./stores/file-store.ts";
export { type KeychainStoreOptions, keychainStore } from "./stores/keychain-store.ts";
export { sallyportHome } from "./stores/location.ts";
