/**
 * Credentials in headers: what may stand in one, and putting it there. RFC 9110 §5.
 */
import { quoteForeign, SallyportError } from "../errors.ts";
import { headerValueProblem, isToken } from "../http/token.ts";
import type { SecretWriter } from "../secrets/secret.ts";

/**
 * The name of a header, in the spelling it is sent with.
 *
 * @throws SallyportError `config_invalid` when it is not a token.
 */
export function headerName(name: string): string {
  if (!isToken(name)) throw new SallyportError("config_invalid", `${quoteForeign(name)} is not the name of a header.`);
  // One spelling, so that every way to configure a credential sends the same bytes.
  return name.toLowerCase() === "authorization" ? "Authorization" : name;
}

/** Writes a secret into a header, after a fixed prefix. */
export function headerWriter(name: string, prefix = ""): SecretWriter {
  const place = `for the header ${name}`;
  const prefixProblem = headerValueProblem(`${prefix}.`);
  if (prefixProblem !== undefined) {
    throw new SallyportError("config_invalid", `The prefix ${place} ${prefixProblem}.`);
  }
  return (text) => {
    const problem = text === "" ? "is empty" : headerValueProblem(text);
    return problem === undefined ? `${prefix}${text}` : { problem: `${place} ${problem}` };
  };
}

/**
 * Set a header of a request.
 *
 * @throws SallyportError `auth_unsupported` when the runtime drops it: a browser does so with `Cookie`, `Host` and their like.
 */
export function setHeader(request: Request, name: string, value: string): void {
  request.headers.set(name, value);
  if (request.headers.get(name) === null) {
    throw new SallyportError(
      "auth_unsupported",
      `This runtime does not let code set the header ${name}, as browsers do with Cookie and Host. Send the credential in another header.`,
    );
  }
}

/**
 * Check that requests can carry headers, before there is a request.
 *
 * @throws SallyportError `auth_unsupported` as {@link setHeader}.
 */
export function requireSettable(names: readonly string[]): void {
  // Headers on their own keep what those of a Request drop.
  const request = new Request("http://localhost/");
  for (const name of names) setHeader(request, name, "-");
}
