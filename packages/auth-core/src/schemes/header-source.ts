/**
 * Headers that are known before a request is: each a name and a secret. Static `headers` are that, and so is every
 * scheme that only sets headers.
 */

import { SallyportError } from "../errors.ts";
import { headerValueProblem } from "../http/token.ts";
import { type Reading, Secret } from "../secrets/secret.ts";
import type { SecretInput, SecretReader } from "../secrets/source.ts";
import { headerName, requireSettable } from "./header.ts";
import { renewAll } from "./send-secrets.ts";

/** A header and the secret that is its value. */
export interface SecretHeader {
  readonly name: string;
  readonly secret: Secret;
  /** Puts the secret beside what the header already holds. Default: the secret alone is the value. */
  readonly join?: ((present: string | null, text: string) => string) | undefined;
}

/** A header, and what was read for it. */
export interface HeaderReading extends Pick<SecretHeader, "name" | "join"> {
  readonly reading: Reading;
}

/** Where headers come from. */
export interface HeaderSource {
  /** Whether there is nothing to send, ever. */
  readonly none: boolean;
  /** What to send with a new request. A promise only when there is something to wait for. */
  read(): readonly HeaderReading[] | Promise<readonly HeaderReading[]>;
  /** What to send after a server refused these. `undefined` when nothing has changed. */
  renew(refused: readonly HeaderReading[]): Promise<readonly HeaderReading[] | undefined>;
}

/** The value of a header, given what it holds already. */
export function headerValue({ join }: Pick<SecretHeader, "join">, present: string | null, text: string): string {
  return join === undefined ? text : join(present, text);
}

/**
 * The source of headers that stay the same but for their secrets.
 *
 * @throws SallyportError on the first read `auth_unsupported` when the runtime drops one of them.
 */
export function headerSource(list: readonly SecretHeader[]): HeaderSource {
  const secrets = list.map(({ secret }) => secret);
  const named = (readings: readonly Reading[]): HeaderReading[] =>
    list.flatMap(({ name, join }, index) => {
      const reading = readings[index];
      return reading === undefined ? [] : [{ name, join, reading }];
    });
  const texts = secrets.flatMap(({ fixed }) => fixed ?? []);
  const fixed = texts.length === list.length ? named(texts) : undefined;
  let checked = list.length === 0;
  return {
    none: list.length === 0,
    read() {
      if (!checked) requireSettable(list.map(({ name }) => name));
      checked = true;
      return fixed ?? Promise.all(secrets.map((secret) => secret.get())).then(named);
    },
    async renew(refused) {
      const readings = await renewAll(
        secrets,
        refused.map(({ reading }) => reading),
      );
      return readings === undefined ? undefined : named(readings);
    },
  };
}

/**
 * Headers, checked; `Authorization` is last, where a scheme would put it.
 *
 * @throws SallyportError `config_invalid` when a name is not the name of a header; `config_conflict` when one is there
 * twice in different case; `credential_source_failed` when a text cannot stand in a header.
 */
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
