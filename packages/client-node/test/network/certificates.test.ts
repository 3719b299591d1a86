/** Certificates are checked before anything is sent; what is wrong is named, and no key is ever shown. */
import { createPrivateKey } from "node:crypto";
import { inspect } from "node:util";
import type { SallyportError, TlsConfig } from "@sallyport/auth-core";
import { type KeyPair, type TestCa, temporaryFolder, testCa } from "@sallyport/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { Certificates } from "../../src/network/certificates.ts";
import { nodeSecrets } from "../../src/secrets/node-secrets.ts";

const passphrase = "open-sesame";
let ca: TestCa;
let client: KeyPair;
let other: KeyPair;
let sealed: string;
beforeAll(async () => {
  ca = await testCa();
  [client, other] = await Promise.all([ca.issue("client"), ca.issue("other")]);
  sealed = createPrivateKey(client.key)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
    .toString();
});

const read = (tls: TlsConfig, baseDir?: string): Promise<Certificates> =>
  Certificates.read(tls, nodeSecrets({ baseDir, env: { KEY: client.key, PASS: passphrase } }), 'the server "api"');

test("reads texts, files, variables, commands and functions", async () => {
  const folder = await temporaryFolder();
  await folder.write("client.pem", `\ufeff${client.cert}`);
  await folder.write("both.pem", client.cert + client.key);
  const forms: TlsConfig[] = [
    { cert: client.cert, key: client.key },
    { cert: { file: "client.pem" }, key: { env: "KEY" } },
    { cert: { file: "both.pem" }, key: { file: "both.pem" } },
    { cert: { command: [process.execPath, "-p", 'fs.readFileSync("client.pem","utf8")'] }, key: () => client.key },
    { cert: client.cert, key: sealed, passphrase },
    { cert: client.cert, key: sealed, passphrase: { env: "PASS" } },
    { ca: ca.cert },
    { servername: "mcp.internal" },
  ];
  for (const form of forms) expect(await read(form, folder.path)).toBeInstanceOf(Certificates);
  await folder.remove();
});

test("knows when they have changed", async () => {
  const one = await read({ cert: client.cert, key: client.key });
  expect(one.equals(await read({ cert: client.cert, key: client.key }))).toBe(true);
  expect(one.equals(await read({ cert: other.cert, key: other.key }))).toBe(false);
  expect(one.equals(await read({ cert: client.cert, key: client.key, ca: ca.cert }))).toBe(false);
  expect(one.equals(undefined)).toBe(false);
});

test("reads a bundle as large as those of operating systems", async () => {
  const folder = await temporaryFolder();
  await folder.write("bundle.pem", ca.cert.repeat(500));
  expect(await read({ ca: { file: "bundle.pem" } }, folder.path)).toBeInstanceOf(Certificates);
  await folder.remove();
});

describe("refuses", () => {
  const junk = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWp1bms=\n-----END PRIVATE KEY-----\n";
  const cases: readonly (readonly [what: string, tls: () => TlsConfig, message: RegExp])[] = [
    ["a missing file", () => ({ ca: { file: "no/ca.pem" } }), /^No tls\.ca for .*no\/ca\.pem: it does not exist/],
    ["a function that throws", () => ({ ca: () => Promise.reject(new Error("sesame")) }), /^No tls\.ca .* failed\.$/],
    ["a key as a certificate", () => ({ cert: client.key, key: client.key }), /tls\.cert .*BEGIN CERTIFICATE/],
    ["a certificate as a key", () => ({ cert: client.cert, key: client.cert }), /tls\.key .*BEGIN PRIVATE KEY/],
    ["junk as a key", () => ({ cert: client.cert, key: junk }), /tls\.key .*no PEM private key/],
    [
      "junk as a CA",
      () => ({ ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }),
      /tls\.ca .* no PEM/,
    ],
    ["another's key", () => ({ cert: client.cert, key: other.key }), /tls\.key .*does not belong to the certificate/],
    ["a sealed key alone", () => ({ cert: client.cert, key: sealed }), /tls\.key .*is encrypted\. Set tls\.passphrase/],
    [
      "a wrong passphrase",
      () => ({ cert: client.cert, key: sealed, passphrase: "open-simsim" }),
      /tls\.passphrase .*does not open the key/,
    ],
  ];
  test.each(cases)("%s", async (_what, tls, message) => {
    const error: SallyportError = await read(tls()).then(
      () => expect.fail("should have failed"),
      (error) => error,
    );
    expect(error.code).toBe("credential_source_failed");
    expect(error.message).toMatch(message);
    const shown = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error);
    for (const secret of [passphrase, "open-simsim", "c2VjcmV0LWp1bms", ...lines(client.key), ...lines(sealed)]) {
      expect(shown).not.toContain(secret);
    }
  });

  test("an expired client certificate", async () => {
    const old = await ca.issue("old", { lifetimeMs: -60_000 });
    await expect(read(old)).rejects.toMatchObject({
      code: "credential_source_failed",
      message: expect.stringMatching(/tls\.cert .*expired on .*GMT\. Renew it, or check the clock/),
    });
  });
});

test("shows none of it", async () => {
  const certificates = await read({ cert: client.cert, key: sealed, passphrase, ca: ca.cert });
  const shown = inspect(certificates, { depth: null, showHidden: true }) + JSON.stringify(certificates);
  for (const secret of [passphrase, ...lines(client.key), ...lines(sealed)]) expect(shown).not.toContain(secret);
});

function lines(pem: string): string[] {
  return pem.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));
}
