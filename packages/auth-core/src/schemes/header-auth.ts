/**
 * What the schemes share that only set headers. Whoever sends a request may ask for the headers themselves, and spare
 * the flow and the `Request` that it needs.
 */
import type { Auth } from "./auth.ts";
import { setHeader } from "./header.ts";
import { type HeaderSource, headerSource, headerValue, type SecretHeader } from "./header-source.ts";
import { sendSecrets } from "./send-secrets.ts";

/** Sends headers with every request, and once more after a 401 when one of their secrets has changed. */
export class HeaderAuth implements Auth {
  readonly needsBody: boolean = false;
  readonly #headers: readonly SecretHeader[];

  constructor(headers: readonly SecretHeader[]) {
    this.#headers = headers;
    sources.set(this, headerSource(headers));
  }

  authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    const headers = this.#headers.map((header) => ({ ...header, present: request.headers.get(header.name) }));
    return sendSecrets(
      headers.map(({ secret }) => secret),
      (texts) => {
        for (const [index, header] of headers.entries()) {
          setHeader(request, header.name, headerValue(header, header.present, texts[index] ?? ""));
        }
        return request;
      },
    );
  }
}

/** Beside the schemes instead of on them: their headers are nobody's business but the sender's. */
const sources = new WeakMap<Auth, HeaderSource>();

/** The headers that are all there is to a scheme. `undefined` for one with a flow of its own, a subclass's too. */
export function headersOf(auth: Auth): HeaderSource | undefined {
  return auth.authFlow === HeaderAuth.prototype.authFlow ? sources.get(auth) : undefined;
}
