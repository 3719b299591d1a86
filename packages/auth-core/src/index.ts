export { type Credential, credentialsIn, maskSecrets, secretsIn } from "./config/credentials.ts";
export { configJsonSchema } from "./config/json-schema.ts";
export { type ParseOptions, parseConfig, parseServerConfig } from "./config/parse.ts";
export { parseConfigText } from "./config/parse-text.ts";
export type {
  ApiKeyConfig,
  AuthConfig,
  AuthSetting,
  AwsSigV4Config,
  BasicConfig,
  BearerConfig,
  Config,
  DigestConfig,
  HeadersConfig,
  HttpServerConfig,
  HttpSignatureConfig,
  NoAuthConfig,
  OAuthConfig,
  ProxyConfig,
  ServerConfig,
  SignatureConfig,
  StdioServerConfig,
  TlsConfig,
} from "./config/types.ts";
export { createAuth } from "./create-auth.ts";
export { memoryStore } from "./credentials/memory-store.ts";
export type { CredentialStore } from "./credentials/store.ts";
export {
  ConfigError,
  type ConfigProblem,
  type ErrorCode,
  isSallyportError,
  isSecurityRefusal,
  SallyportError,
  type SecurityRefusalCode,
} from "./errors.ts";
export type {
  AuthEvent,
  AuthEventListener,
  AuthorizationEvent,
  DiscoveryEvent,
  OAuthEvent,
  OAuthFailedEvent,
  RedirectEvent,
  RegistrationEvent,
  RequestEvent,
  ResponseEvent,
  SignedOutEvent,
  TokenEvent,
} from "./events.ts";
export { type AuthFetchOptions, createAuthFetch } from "./fetch/auth-fetch.ts";
export type { AuthFetch } from "./fetch/call.ts";
export { type Challenge, formatChallenge, parseChallenges } from "./http/challenge.ts";
export type { DpopKeyStore } from "./oauth/dpop/key-store.ts";
export { OAuthMessageError, type OAuthMessageErrorOptions } from "./oauth/errors.ts";
export type {
  DeviceCode,
  Interaction,
  InteractionRequest,
  InteractionSession,
} from "./oauth/interaction.ts";
export { OAuth } from "./oauth/oauth.ts";
export type { OAuthOptions, OAuthPorts } from "./oauth/options.ts";
export type { OAuthState } from "./oauth/state.ts";
export { ApiKeyAuth } from "./schemes/api-key.ts";
export { type Auth, type AuthFunction, type HeadersFunction, isAuth } from "./schemes/auth.ts";
export type { AwsCredentialOptions, AwsCredentials } from "./schemes/aws-credentials.ts";
export { AwsSigV4Auth, type AwsSigV4Options } from "./schemes/aws-sigv4.ts";
export { BasicAuth } from "./schemes/basic.ts";
export { BearerAuth } from "./schemes/bearer.ts";
export { CookieAuth } from "./schemes/cookie.ts";
export { DigestAuth } from "./schemes/digest.ts";
export type { HmacAlgorithm, HmacEncoding, HmacForm } from "./schemes/hmac.ts";
export { HttpSignatureAuth, type HttpSignatureOptions } from "./schemes/http-signature.ts";
export { MultiHeaderAuth } from "./schemes/multi-header.ts";
export type { KeyOptions, SecretOptions } from "./schemes/options.ts";
export { QueryParamAuth } from "./schemes/query-param.ts";
export { SignatureAuth, type SignatureOptions } from "./schemes/signature.ts";
export type { HttpSignatureAlgorithm } from "./schemes/signature-key.ts";
export type { SecretInput, SecretReader, SecretSource } from "./secrets/source.ts";
