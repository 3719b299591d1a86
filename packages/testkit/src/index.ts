export { type AwsGuardOptions, requireAws } from "./aws-guard.ts";
export { type IssueOptions, type KeyPair, selfSigned, type TestCa, testCa } from "./certificates.ts";
export { type Guard, type GuardOptions, type Refusal, requireBearer, requireHeader } from "./guard.ts";
export { type Handler, listen, type RecordedRequest, type RunningServer } from "./listen.ts";
export { type ManualClock, manualClock } from "./manual-clock.ts";
export { type SseServer, type SseServerOptions, sseServer } from "./mcp-server-sse.ts";
export { type McpServerV1, type McpServerV1Options, mcpServerV1 } from "./mcp-server-v1.ts";
export { type McpServerV2Options, type McpTestServer, mcpServerV2 } from "./mcp-server-v2.ts";
export { testAuthorizationServer } from "./oauth/authorization-server.ts";
export type {
  PreRegisteredClient,
  TestAuthorizationServer,
  TestAuthorizationServerOptions,
  VerifiedToken,
} from "./oauth/authorization-server-types.ts";
export {
  type HeadlessInteraction,
  headlessInteraction,
  type SignInOptions,
  type TestBrowser,
  testBrowser,
} from "./oauth/browser.ts";
export { protectedMcpServer } from "./oauth/protected-mcp-server.ts";
export type {
  GuardedCall,
  ProtectedMcpServer,
  ProtectedMcpServerOptions,
  ResourceMetadataPlaces,
} from "./oauth/protected-mcp-server-types.ts";
export type { OAuthEndpoint, OAuthRequest, RequestLog } from "./oauth/request-log.ts";
export {
  answerEndlessBody,
  answerEndlessRedirects,
  answerFirst,
  answerHalf,
  answerHangUp,
  answerHeld,
  answerHtml,
  answerJson,
  answerRedirect,
  answerStatus,
  closedOrigin,
  type HeldAnswer,
} from "./oauth/scripted-answers.ts";
export { scriptedAuthorizationServer } from "./oauth/scripted-authorization-server.ts";
export type { Exchange, Script, ScriptedAnswer, ScriptedAuthorizationServer } from "./oauth/scripted-types.ts";
export { type Finished, type NodeProcess, type RunNodeOptions, runNode } from "./run-node.ts";
export { stdioServerScript } from "./stdio-server.ts";
export { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
export { type ProxiedRequest, type TestProxy, type TestProxyOptions, testProxy } from "./test-proxy.ts";
