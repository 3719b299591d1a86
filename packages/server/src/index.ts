export { type ApiKeys, type ApiKeysOptions, apiKeys, type RotateOptions } from "./api-keys/api-keys.ts";
export { fileKeyStore } from "./api-keys/file-key-store.ts";
export type { ApiKeyInfo, IssuedApiKey } from "./api-keys/issued-key.ts";
export { type KeyvLike, keyvKeyStore } from "./api-keys/keyv-key-store.ts";
export { memoryKeyStore } from "./api-keys/memory-key-store.ts";
export type { NewApiKey } from "./api-keys/new-record.ts";
export type { ApiKeyRecord, ApiKeyStore, StoredApiKey } from "./api-keys/store.ts";
export { auditAttributes } from "./audit/attributes.ts";
export type { AuditEvent, AuditOutcome } from "./audit/event.ts";
export { type AuditLogger, pinoAudit } from "./audit/pino-audit.ts";
export type { RequestHead } from "./gate/extract.ts";
export {
  type AuthGateOptions,
  type ConnectionInfo,
  createAuthGate,
  type GateProvider,
  type GateResult,
} from "./gate/gate.ts";
export type { AdmissionOptions } from "./http/admission.ts";
export type { Listening, ListenOptions } from "./http/node-server.ts";
export type { OriginOptions } from "./http/origin.ts";
export {
  type Attempt,
  type AttemptLimiter,
  type AttemptLimiterOptions,
  attemptLimiter,
  type FailureLimit,
} from "./limits/attempt-limiter.ts";
export { addressBehindProxies, type ClientAddress } from "./limits/client-address.ts";
export { MCPServer, type MCPServerOptions } from "./mcp-server/server.ts";
export type { StdioOptions, StdioServer } from "./mcp-server/stdio.ts";
export type { ToolArguments, ToolDefinition, ToolHandler, ToolOutput } from "./mcp-server/tools.ts";
export type { ResourceMetadata, ResourceMetadataOptions } from "./metadata/resource-metadata.ts";
export { hashPassword } from "./passwords/hash.ts";
export { anyOf } from "./providers/any-of.ts";
export type { AuthProviderOptions, VerifyContext } from "./providers/auth-provider.ts";
export { BasicAuthProvider, type BasicAuthProviderOptions } from "./providers/basic-auth-provider.ts";
export { type BasicUser, type BasicUsers, basicProvider } from "./providers/basic-provider.ts";
export { BearerAuthProvider, type BearerAuthProviderOptions } from "./providers/bearer-auth-provider.ts";
export { type EnvTokensOptions, envTokens } from "./providers/env-tokens.ts";
export {
  type IntrospectionProviderOptions,
  introspectionProvider,
} from "./providers/introspection/introspection-provider.ts";
export type {
  IntrospectionCredentials,
  IntrospectionRequestOptions,
} from "./providers/introspection/introspection-request.ts";
export type { IntrospectionChecks } from "./providers/introspection/introspection-verifier.ts";
export { type JwtProviderOptions, jwtProvider } from "./providers/jwt/jwt-provider.ts";
export { type OAuthProviderOptions, oauthProvider } from "./providers/oauth-provider.ts";
export { type Auth0Options, auth0 } from "./providers/presets/auth0.ts";
export { type ClerkOptions, clerk } from "./providers/presets/clerk.ts";
export { type CognitoOptions, cognito } from "./providers/presets/cognito.ts";
export { type EntraIdOptions, entraId } from "./providers/presets/entra-id.ts";
export { type GoogleOptions, google } from "./providers/presets/google.ts";
export { type KeycloakOptions, keycloak } from "./providers/presets/keycloak.ts";
export { type OktaOptions, okta } from "./providers/presets/okta.ts";
export type { JwtPreset } from "./providers/presets/preset.ts";
export { type SupabaseOptions, supabase } from "./providers/presets/supabase.ts";
export { type WorkosOptions, workos } from "./providers/presets/workos.ts";
export { staticTokens, type TokenGrant } from "./providers/static-tokens.ts";
export type { SignatureCheckOptions } from "./signatures/checks.ts";
export { type MemoryReplayCacheOptions, memoryReplayCache, type ReplayCache } from "./signatures/replay-cache.ts";
export type { SignatureAccepted, SignatureProblem, SignatureRefused } from "./signatures/verdict.ts";
export type { VerificationKey } from "./signatures/verification-key.ts";
export { type HmacVerifyOptions, verifyHmacSignature } from "./signatures/verify-hmac.ts";
export { type HttpSignatureAccepted, type HttpVerifyOptions, verifyHttpSignature } from "./signatures/verify-http.ts";
export { AccessToken, type AccessTokenInit } from "./token/access-token.ts";
export { authInfo } from "./token/auth-info.ts";
export { getAccessToken, requireAuth, requireScopes, runWithAccessToken } from "./token/context.ts";
export { AuthenticationError, InsufficientScopeError } from "./token/errors.ts";
export type { ScopeHierarchy } from "./token/scopes.ts";
export type { VerificationCacheOptions } from "./verification/verification-cache.ts";
