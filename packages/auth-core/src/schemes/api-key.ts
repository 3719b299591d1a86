/**
 * A key in a header, by default `X-API-Key`.
 */
import { Secret } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import { headerName, headerWriter } from "./header.ts";
import { HeaderAuth } from "./header-auth.ts";
import type { KeyOptions } from "./options.ts";

/**
 * Sends a key in a header with every request.
 *
 * @example
 * ```ts
 * import { ApiKeyAuth, createAuthFetch } from "@sallyport/auth-core";
 *
 * const plain = createAuthFetch(new ApiKeyAuth("k-1"));
 * const prefixed = createAuthFetch(new ApiKeyAuth("k-1", "Authorization", { prefix: "Token " }));
 * ```
 */
export class ApiKeyAuth extends HeaderAuth {
  /**
   * @throws SallyportError `config_invalid` when `name` is not the name of a header; `credential_source_failed` when
   * the key cannot stand in one.
   */
  constructor(key: SecretInput, name = "X-API-Key", options: KeyOptions = {}) {
    const written = headerName(name);
    super([{ name: written, secret: new Secret(key, options.secrets, headerWriter(written, options.prefix)) }]);
  }
}
