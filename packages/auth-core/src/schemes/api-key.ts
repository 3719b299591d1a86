/**
 * A key in a header, by default `X-API-Key`.
 */
import { Secret } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import type { Auth } from "./auth.ts";
import { headerName, headerWriter, setHeader } from "./header.ts";
import type { KeyOptions } from "./options.ts";
import { sendSecrets } from "./send-secrets.ts";

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
export class ApiKeyAuth implements Auth {
  readonly needsBody: boolean = false;
  readonly #name: string;
  readonly #key: Secret;

  /**
   * @throws SallyportError `config_invalid` when `name` is not the name of a header; `credential_source_failed` when
   * the key cannot stand in one.
   */
  constructor(key: SecretInput, name = "X-API-Key", options: KeyOptions = {}) {
    this.#name = headerName(name);
    this.#key = new Secret(key, options.secrets, headerWriter(this.#name, options.prefix));
  }

  authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    return sendSecrets([this.#key], ([value = ""]) => {
      setHeader(request, this.#name, value);
      return request;
    });
  }
}
