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
export { Session } from "./session.ts";
export type { CallOptions, SessionOptions, SessionState, SessionTarget, TransportTarget } from "./session-options.ts";
