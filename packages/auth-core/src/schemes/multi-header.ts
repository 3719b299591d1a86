/**
 * Several headers at once, such as a key and a tenant.
 */
import type { SecretInput } from "../secrets/source.ts";
import { HeaderAuth } from "./header-auth.ts";
import { secretHeaders } from "./header-source.ts";
import type { SecretOptions } from "./options.ts";

/**
 * Sends several headers with every request, each a text or a secret kept elsewhere.
 *
 * @example
 * ```ts
 * import { createAuthFetch, MultiHeaderAuth } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new MultiHeaderAuth({ "X-API-Key": "k-1", "X-Tenant": "t-1" }));
 * ```
 */
export class MultiHeaderAuth extends HeaderAuth {
  /**
   * @throws SallyportError `config_invalid` when a name is not the name of a header; `config_conflict` when one is there
   * twice in different case; `credential_source_failed` when a text cannot stand in a header.
   */
  constructor(headers: Readonly<Record<string, SecretInput>>, options: SecretOptions = {}) {
    super(secretHeaders(Object.entries(headers), options.secrets));
  }
}
