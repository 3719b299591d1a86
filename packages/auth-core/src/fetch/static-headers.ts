/**
 * The headers of every request of a fetch, from where the caller keeps them: a record of secrets, or a function.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import type { HeadersFunction } from "../schemes/auth.ts";
import { type HeaderReading, type HeaderSource, headerSource, secretHeaders } from "../schemes/header-source.ts";
import type { SecretInput, SecretReader } from "../secrets/source.ts";

/**
 * @throws SallyportError as {@link secretHeaders}; for a function when it is asked.
 */
export function staticHeaders(
  headers: Readonly<Record<string, SecretInput>> | HeadersFunction,
  reader: SecretReader | undefined,
): HeaderSource {
  if (typeof headers === "function") return askedHeaders(headers);
  return headerSource(secretHeaders(Object.entries(headers), reader));
}

function askedHeaders(ask: HeadersFunction): HeaderSource {
  const read = async (): Promise<readonly HeaderReading[]> => {
    // Functions, so that a complaint says where the value comes from.
    const entries = (await entriesOf(ask)).map(([name, value]): [string, SecretInput] => [name, () => value]);
    return headerSource(secretHeaders(entries, undefined)).read();
  };
  return {
    none: false,
    read,
    async renew(refused) {
      const latest = await read();
      return sameHeaders(refused, latest) ? undefined : latest;
    },
  };
}

async function entriesOf(ask: HeadersFunction): Promise<[string, string][]> {
  let answer: unknown;
  try {
    answer = await ask();
  } catch (error) {
    if (isSallyportError(error)) throw error;
    throw new SallyportError("credential_source_failed", "The `headers` function failed.", { cause: error });
  }
  if (typeof answer !== "object" || answer === null) {
    throw new SallyportError(
      "credential_source_failed",
      "The `headers` function gave no headers: return an object of names and values, and an empty one for none.",
    );
  }
  return Symbol.iterator in answer ? [...(answer as Iterable<[string, string]>)] : Object.entries(answer);
}

function sameHeaders(one: readonly HeaderReading[], other: readonly HeaderReading[]): boolean {
  const text = (list: readonly HeaderReading[]): string =>
    list
      .map(({ name, reading }) => `${name.toLowerCase()}: ${reading.reveal()}`)
      .sort()
      .join("\n");
  return text(one) === text(other);
}
