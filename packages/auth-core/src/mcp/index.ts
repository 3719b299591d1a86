export type { TransportTarget } from "./connection.ts";
export { McpRequestError } from "./failures.ts";
export type {
  CallToolResult,
  CompleteResult,
  CompletionReference,
  GetPromptResult,
  Implementation,
  ListName,
  McpSdk,
  Progress,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerCapabilities,
  Tool,
  TransportName,
} from "./sdk.ts";
export {
  type CallOptions,
  Session,
  type SessionOptions,
  type SessionState,
  type SessionTarget,
} from "./session.ts";
