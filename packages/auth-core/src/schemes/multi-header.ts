/**
 * Several headers at once, such as a key and a tenant.
 */
import { SallyportError } from "../errors.ts";
import { headerValueProblem } from "../http/token.ts";
import { Secret } from "../secrets/secret.ts";
import type { SecretInput, SecretReader } from "../secrets/source.ts";
import type { Auth } from "./auth.ts";
import { headerName, setHeader } from "./header.ts";
import type { SecretOptions } from "./options.ts";
import { sendSecrets } from "./send-secrets.ts";

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
export class MultiHeaderAuth implements Auth {
  readonly needsBody: boolean = false;
  readonly #headers: readonly SecretHeader[];

  /**
   * @throws SallyportError `config_invalid` when a name is not the name of a header; `config_conflict` when one is there
   * twice in different case; `credential_source_failed` when a text cannot stand in a header.
   */
  constructor(headers: Readonly<Record<string, SecretInput>>, options: SecretOptions = {}) {
    this.#headers = secretHeaders(Object.entries(headers), options.secrets);
  }

  authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    return sendSecrets(
      this.#headers.map(({ secret }) => secret),
      (values) => {
        for (const [index, { name }] of this.#headers.entries()) setHeader(request, name, values[index] ?? "");
        return request;
      },
    );
  }
}

/** A header and the secret that is its value. */
export interface SecretHeader {
  readonly name: string;
  readonly secret: Secret;
}

/** Headers, checked; `Authorization` is last, where a scheme would put it. */
export function secretHeaders(
  headers: readonly (readonly [name: string, value: SecretInput])[],
  reader: SecretReader | undefined,
): SecretHeader[] {
  const known = new Map<string, string>();
  const list = headers.map(([written, input]) => {
    const name = headerName(written);
    const rival = known.get(name.toLowerCase());
    if (rival !== undefined) {
      throw new SallyportError(
        "config_conflict",
        `The headers ${rival} and ${written} are the same header, since names are case-insensitive. Remove one of them.`,
      );
    }
    known.set(name.toLowerCase(), written);
    const secret = new Secret(input, reader, (text) => {
      const problem = headerValueProblem(text);
      return problem === undefined ? text : { problem: `for the header ${name} ${problem}` };
    });
    return { name, secret };
  });
  return [
    ...list.filter(({ name }) => name !== "Authorization"),
    ...list.filter(({ name }) => name === "Authorization"),
  ];
}
