/**
 * A key in the query of the URL, for servers that read it nowhere else. URLs end up in logs: prefer a header.
 */
import { SallyportError } from "../errors.ts";
import { Secret } from "../secrets/secret.ts";
import type { SecretInput } from "../secrets/source.ts";
import type { Auth } from "./auth.ts";
import type { KeyOptions } from "./options.ts";
import { sendSecrets } from "./send-secrets.ts";

/**
 * Sends a key as a query parameter with every request. Not for OAuth access tokens, which never belong in a URL (TOK-02).
 *
 * @example
 * ```ts
 * import { createAuthFetch, QueryParamAuth } from "@sallyport/auth-core";
 *
 * const fetch = createAuthFetch(new QueryParamAuth("k-1", "api_key"));
 * ```
 */
export class QueryParamAuth implements Auth {
  readonly needsBody: boolean = false;
  readonly #name: string;
  readonly #key: Secret;

  /**
   * @throws SallyportError `config_invalid` when `name` is empty; `credential_source_failed` when the key is empty or is
   * not well-formed Unicode.
   */
  constructor(key: SecretInput, name: string, options: KeyOptions = {}) {
    if (name === "" || loneSurrogate.test(name)) {
      throw new SallyportError("config_invalid", "The query parameter that carries the key needs a name.");
    }
    this.#name = name;
    const prefix = options.prefix ?? "";
    this.#key = new Secret(key, options.secrets, (text) =>
      text === "" || loneSurrogate.test(prefix + text)
        ? { problem: `for the query parameter ${name} is empty or not well-formed text` }
        : prefix + text,
    );
  }

  authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    return sendSecrets([this.#key], ([value = ""]) => {
      const url = withParameter(request.url, this.#name, value);
      // The body moves with a new Request: a clone keeps it for the second send. One that never changes has no second send.
      return new Request(url, this.#key.fixed === undefined ? request.clone() : request);
    });
  }
}

const loneSurrogate = /\p{Surrogate}/u;

function withParameter(target: string, name: string, value: string): string {
  const url = new URL(target);
  const present = url.searchParams.getAll(name);
  if (present.some((other) => other !== value)) {
    throw new SallyportError(
      "config_conflict",
      `The query parameter ${name} is set twice with different values: by the URL and by the auth scheme. Remove one of them.`,
    );
  }
  // Appended as text: `searchParams.append` would write the rest of the query anew.
  if (present.length === 0) {
    url.search += `${url.search === "" ? "" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return url.href;
}
