/**
 * From a parsed `auth` entry to the scheme that carries it out; the only file that knows every scheme.
 */
import type { AuthConfig, AuthSetting } from "./config/types.ts";
import { SallyportError } from "./errors.ts";
import { OAuth } from "./oauth/oauth.ts";
import type { OAuthPorts } from "./oauth/options.ts";
import { ApiKeyAuth } from "./schemes/api-key.ts";
import { type Auth, isAuth } from "./schemes/auth.ts";
import { AwsSigV4Auth } from "./schemes/aws-sigv4.ts";
import { BasicAuth } from "./schemes/basic.ts";
import { BearerAuth } from "./schemes/bearer.ts";
import { CookieAuth } from "./schemes/cookie.ts";
import { DigestAuth } from "./schemes/digest.ts";
import { functionAuth } from "./schemes/function.ts";
import { HttpSignatureAuth } from "./schemes/http-signature.ts";
import { MultiHeaderAuth } from "./schemes/multi-header.ts";
import { noAuth } from "./schemes/none.ts";
import type { SecretOptions } from "./schemes/options.ts";
import { QueryParamAuth } from "./schemes/query-param.ts";
import { SignatureAuth } from "./schemes/signature.ts";

/**
 * Make the scheme that a parsed `auth` entry describes. An {@link Auth} is returned as it is, a function is called once
 * per request, `{ type: "none" }` sends every request as it is.
 *
 * @param options - `secrets` reads secrets that are kept in a file, a variable or a command's output; the others are for
 * the type `oauth`.
 * @throws SallyportError `config_invalid` and `credential_source_failed` as the scheme's own class.
 *
 * @example
 * ```ts
 * import { createAuth, createAuthFetch } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(createAuth({ type: "basic", username: "ana", password: "correct horse" }));
 * ```
 */
export function createAuth(setting: AuthSetting, options: OAuthPorts = {}): Auth {
  if (typeof setting === "function") return functionAuth(setting);
  if (isAuth(setting)) return setting;
  switch (setting.type) {
    case "none":
      return noAuth;
    case "bearer":
      return new BearerAuth(setting.token, options);
    case "basic":
      return new BasicAuth(setting.username, setting.password, options);
    case "digest":
      return new DigestAuth(setting.username, setting.password, options);
    case "apiKey":
      return createApiKey(setting, options);
    case "headers":
      return new MultiHeaderAuth(setting.headers, options);
    case "signature": {
      const { apiKey, apiSecret, ...form } = setting;
      return new SignatureAuth(apiKey, apiSecret, { ...form, ...options });
    }
    case "httpSignature": {
      const { keyId, key, ...form } = setting;
      return new HttpSignatureAuth(keyId, key, { ...form, ...options });
    }
    case "awsSigV4": {
      const { type, ...form } = setting;
      return new AwsSigV4Auth({ ...form, ...options });
    }
    case "oauth": {
      const { type, ...form } = setting;
      return new OAuth({ ...form, ...options });
    }
    default:
      return unknown(setting);
  }
}

function createApiKey(setting: AuthConfig & { type: "apiKey" }, { secrets }: SecretOptions): Auth {
  const options = { secrets, prefix: setting.prefix };
  switch (setting.in) {
    case "header":
      return new ApiKeyAuth(setting.key, setting.name, options);
    case "query":
      return new QueryParamAuth(setting.key, setting.name, options);
    case "cookie":
      return new CookieAuth(setting.key, setting.name, options);
    default:
      return unknown(setting.in);
  }
}

/** Types end here; callers without types may still come by. */
function unknown(setting: never): never {
  throw new SallyportError(
    "config_invalid",
    `createAuth takes a parsed auth entry, and ${typeof setting === "string" ? setting : "this"} is none. Parse the configuration with parseConfig first.`,
  );
}
