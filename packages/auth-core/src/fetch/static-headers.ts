/**
 * The headers of every request of a fetch, from where the caller keeps them: a record of secrets, or a function.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import type { HeadersFunction } from "../schemes/auth.ts";
import { type SecretHeader, secretHeaders } from "../schemes/multi-header.ts";
import { renewAll } from "../schemes/send-secrets.ts";
import type { Reading } from "../secrets/secret.ts";
import type { SecretInput, SecretReader } from "../secrets/source.ts";

/** A header, and what was read for it. */
export interface HeaderReading {
  readonly name: string;
  readonly reading: Reading;
}

/** Where the static headers of a fetch come from. */
export interface StaticHeaders {
  /** Whether there is nothing to send, ever. */
  readonly none: boolean;
  /** What to send with a new request. */
  read(): Promise<readonly HeaderReading[]>;
  /** What to send after a server refused these. `undefined` when nothing has changed. */
  renew(refused: readonly HeaderReading[]): Promise<readonly HeaderReading[] | undefined>;
}

/**
 * @throws SallyportError as {@link secretHeaders}; for a function when it is asked.
 */
export function staticHeaders(
  headers: Readonly<Record<string, SecretInput>> | HeadersFunction,
  reader: SecretReader | undefined,
): StaticHeaders {
  return typeof headers === "function" ? askedHeaders(headers) : keptHeaders(headers, reader);
}

function keptHeaders(headers: Readonly<Record<string, SecretInput>>, reader: SecretReader | undefined): StaticHeaders {
  const list = secretHeaders(Object.entries(headers), reader);
  const secrets = list.map(({ secret }) => secret);
  const named = (readings: readonly Reading[]): HeaderReading[] =>
    readings.map((reading, index) => ({ name: list[index]?.name ?? "", reading }));
  return {
    none: list.length === 0,
    read: () => readAll(list),
    async renew(refused) {
      const readings = await renewAll(
        secrets,
        refused.map(({ reading }) => reading),
      );
      return readings === undefined ? undefined : named(readings);
    },
  };
}

function askedHeaders(ask: HeadersFunction): StaticHeaders {
  const read = async (): Promise<readonly HeaderReading[]> => {
    // Functions, so that a complaint says where the value comes from.
    const entries = (await entriesOf(ask)).map(([name, value]): [string, SecretInput] => [name, () => value]);
    return readAll(secretHeaders(entries, undefined));
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

async function readAll(list: readonly SecretHeader[]): Promise<HeaderReading[]> {
  return Promise.all(list.map(async ({ name, secret }) => ({ name, reading: await secret.get() })));
}

function sameHeaders(one: readonly HeaderReading[], other: readonly HeaderReading[]): boolean {
  const text = (list: readonly HeaderReading[]): string =>
    list
      .map(({ name, reading }) => `${name.toLowerCase()}: ${reading.reveal()}`)
      .sort()
      .join("\n");
  return text(one) === text(other);
}
