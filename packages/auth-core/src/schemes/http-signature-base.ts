/**
 * The text that an HTTP message signature signs: components of a request, one a line (RFC 9421 §2). Both ends build it here.
 */

/** A component of a request: a field in lower case, or a derived component, which begins with `@`. */
export interface Component {
  readonly name: string;
  /** Which query parameter `@query-param` means, encoded as §2.2.8 says. */
  readonly parameter?: string | undefined;
}

/** What of a request can be signed. */
export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/**
 * Read a component as a configuration or a documentation writes it: `@method`, `content-type`,
 * `@query-param;name="page"`.
 *
 * @returns a sentence about what is wrong with it, when it is none. Fields are signed as they are: the parameters `sf`,
 * `key`, `bs` and `tr` (§2.1) are not supported, nor is `req` (§2.4), which belongs to responses.
 */
export function parseComponent(text: string): Component | { readonly problem: string } {
  const [, name = "", parameter] = /^([^;"]+)(?:;name="([^"\\]*)")?$/.exec(text) ?? [];
  return checkComponent(name, parameter);
}

/** A component by its parts; {@link parseComponent} and the parser of `Signature-Input` end here. */
export function checkComponent(name: string, parameter: string | undefined): Component | { readonly problem: string } {
  if (name === "@query-param") {
    const encoded = parameter !== undefined && /^(?:[\w*.-]|%[0-9A-F]{2})+$/.test(parameter);
    return encoded ? { name, parameter } : { problem: 'needs a percent-encoded name, as in @query-param;name="page"' };
  }
  const known = name.startsWith("@") ? derived.has(name) : /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
  if (known && parameter === undefined) return { name };
  return {
    problem: `is no component of a request: use a header in lower case without parameters, or one of ${[...derived.keys()].join(", ")}, @query-param;name="…"`,
  };
}

/** The identifier of a component, RFC 9421 §2. */
export function componentId({ name, parameter }: Component): string {
  return parameter === undefined ? `"${name}"` : `"${name}";name="${parameter}"`;
}

/**
 * The value of a component, RFC 9421 §2.1 and §2.2; `undefined` when the request has none, or more than one query
 * parameter of the name, which §2.2.8 does not let sign.
 */
export function componentValue({ name, parameter }: Component, request: SignedRequest): string | undefined {
  if (parameter !== undefined) return queryParameter(request.url, parameter);
  const derive = derived.get(name);
  // `Headers` has joined the lines of a field with ", " and trimmed them, as §2.1 asks.
  return derive === undefined ? (request.headers.get(name) ?? undefined) : derive(new URL(request.url), request.method);
}

/**
 * The signature base, RFC 9421 §2.5.
 *
 * @param lines - components and their values.
 * @param params - value of `@signature-params`, as it stands in `Signature-Input`.
 */
export function signatureBase(lines: readonly (readonly [Component, string])[], params: string): string {
  return [
    ...lines.map(([component, value]) => `${componentId(component)}: ${value}`),
    `"@signature-params": ${params}`,
  ].join("\n");
}

const derived: ReadonlyMap<string, (url: URL, method: string) => string> = new Map([
  ["@method", (_, method) => method],
  // Without a fragment, and without a `?` that nothing follows: clients do not send either.
  ["@target-uri", (url) => `${url.origin}${url.pathname}${url.search}`],
  ["@authority", (url) => url.host],
  ["@scheme", (url) => url.protocol.slice(0, -1)],
  ["@request-target", (url) => `${url.pathname}${url.search}`],
  ["@path", (url) => url.pathname],
  ["@query", (url) => (url.search === "" ? "?" : url.search)],
]);

function queryParameter(url: string, name: string): string | undefined {
  const values = [...new URL(url).searchParams].filter(([key]) => encode(key) === name).map(([, value]) => value);
  return values.length === 1 ? encode(values[0] ?? "") : undefined;
}

/** The percent-encode set of application/x-www-form-urlencoded (URL standard), spaces as `%20`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
