export {
  ConfigError,
  type ConfigProblem,
  type ErrorCode,
  isSallyportError,
  isSecurityRefusal,
  SallyportError,
  type SecurityRefusalCode,
} from "./errors.ts";
export type { AuthEvent, AuthEventListener, RedirectEvent, RequestEvent, ResponseEvent } from "./events.ts";
export { type Auth, type AuthFunction, isAuth } from "./schemes/auth.ts";
export type { SecretInput, SecretReader, SecretSource } from "./secrets/source.ts";
