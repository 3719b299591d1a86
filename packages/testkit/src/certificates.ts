/**
 * A certificate authority that lives as long as a test, and what it issues: RFC 5280 certificates with P-256 keys, for
 * 127.0.0.1 and any names.
 */
import { generate } from "selfsigned";

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Host names it is for. Default: none, but for the address 127.0.0.1. */
  readonly names?: readonly string[];
  /** Whether 127.0.0.1 is left out. */
  readonly withoutAddress?: boolean;
  /** Milliseconds from now until it ends; negative for one that has expired. Default: an hour. */
  readonly lifetimeMs?: number;
}

/** An authority. Its own certificate is what the others are checked with. */
export interface TestCa extends KeyPair {
  /** Issue a certificate that serves for both ends of a connection. */
  issue(commonName: string, options?: IssueOptions): Promise<KeyPair>;
}

const hour = 3_600_000;

/** Make an authority. Two of the same name are still two. */
export async function testCa(commonName = "Test CA"): Promise<TestCa> {
  const root = await generate([{ name: "commonName", value: commonName }], {
    ...common,
    notAfterDate: new Date(Date.now() + hour),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = keyPair(root);
  return { ...ca, issue: (name, options) => makeLeaf(name, options, ca) };
}

/** A certificate that nobody but itself vouches for. */
export function selfSigned(commonName: string, options?: IssueOptions): Promise<KeyPair> {
  return makeLeaf(commonName, options);
}

async function makeLeaf(
  commonName: string,
  { names = [], withoutAddress = false, lifetimeMs = hour }: IssueOptions = {},
  ca?: KeyPair,
): Promise<KeyPair> {
  const altNames = [
    ...(withoutAddress ? [] : [{ type: 7, ip: "127.0.0.1" } as const]),
    ...names.map((value) => ({ type: 2, value }) as const),
  ];
  const now = Date.now();
  return keyPair(
    await generate([{ name: "commonName", value: commonName }], {
      ...common,
      ...(ca === undefined ? {} : { ca }),
      notBeforeDate: new Date(now - 2 * hour),
      notAfterDate: new Date(now + lifetimeMs),
      extensions: [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true },
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
        ...(altNames.length === 0 ? [] : [{ name: "subjectAltName", altNames } as const]),
      ],
    }),
  );
}

const common = { keyType: "ec", algorithm: "sha256" } as const;

/** Texts that can be put one after the other. */
function keyPair(generated: { readonly private: string; readonly cert: string }): KeyPair {
  return { key: `${generated.private.trim()}\n`, cert: `${generated.cert.trim()}\n` };
}
