/**
 * The certificates of a server entry, read and checked before anything is sent: a key that does not fit, a wrong
 * passphrase or an expired certificate is told here, where it has a name, and not as an alert of the handshake.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { isSallyportError, SallyportError, type SecretReader, type TlsConfig } from "@sallyport/auth-core";
import { readSecret } from "../secrets/read-secret.ts";

type Field = "cert" | "key" | "ca" | "passphrase";
type Texts = Readonly<Partial<Record<Field, string>>>;

const fields: readonly Field[] = ["cert", "key", "ca", "passphrase"];

/** Checked certificates. The texts stay in here. */
export class Certificates {
  readonly #texts: Texts;
  readonly context: SecureContext;
  readonly servername: string | undefined;
  /** When the client certificate ends, in milliseconds since 1970. */
  readonly expires: number;

  private constructor(texts: Texts, context: SecureContext, servername: string | undefined, expires: number) {
    this.#texts = texts;
    this.context = context;
    this.servername = servername;
    this.expires = expires;
  }

  /**
   * @param where - the server as messages name it.
   * @throws SallyportError `credential_source_failed` naming the field, never its content.
   */
  static async read(config: TlsConfig, secrets: SecretReader, where: string): Promise<Certificates> {
    const entries = await Promise.all(fields.map(async (name) => [name, await read(name, config, secrets, where)]));
    const texts: Texts = Object.fromEntries(entries.filter(([, text]) => text !== undefined));
    const expires = check(texts, where);
    return new Certificates(texts, contextOf(texts, where), config.servername, expires);
  }

  /** Whether both hold the same, so that connections made with one serve as well as with the other. */
  equals(other: Certificates | undefined): boolean {
    return other !== undefined && fields.every((name) => this.#texts[name] === other.#texts[name]);
  }
}

async function read(name: Field, config: TlsConfig, secrets: SecretReader, where: string): Promise<string | undefined> {
  const input = config[name];
  if (input === undefined) return undefined;
  try {
    return await readSecret(input, secrets);
  } catch (cause) {
    const reason = isSallyportError(cause) ? cause.message : "The function that gives it failed.";
    throw new SallyportError("credential_source_failed", `No tls.${name} for ${where}. ${reason}`, { cause });
  }
}

/** Returns when the client certificate ends. */
function check({ cert, key, ca, passphrase }: Texts, where: string): number {
  if (ca !== undefined) parseCertificate("ca", ca, where);
  if (cert === undefined || key === undefined) return Number.POSITIVE_INFINITY;
  const certificate = parseCertificate("cert", cert, where);
  if (!certificate.checkPrivateKey(parseKey(key, passphrase, where))) {
    throw unusable("key", where, "does not belong to the certificate in tls.cert. Name the key that it was issued for");
  }
  const expires = Date.parse(certificate.validTo);
  const now = Date.now();
  if (expires <= now) {
    throw unusable("cert", where, `expired on ${certificate.validTo}. Renew it, or check the clock of this machine`);
  }
  if (Date.parse(certificate.validFrom) > now) {
    throw unusable("cert", where, `is not valid before ${certificate.validFrom}. Check the clock of this machine`);
  }
  return expires;
}

function parseCertificate(name: "cert" | "ca", text: string, where: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw unusable(name, where, "is no PEM certificate: text that begins with -----BEGIN CERTIFICATE-----");
  }
}

// What OpenSSL says of a key is left out of messages and causes alike.
function parseKey(key: string, passphrase: string | undefined, where: string): KeyObject {
  try {
    return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    if (!/ENCRYPTED/.test(key)) {
      throw unusable("key", where, "is no PEM private key: text that begins with -----BEGIN PRIVATE KEY-----");
    }
    if (passphrase === undefined) throw unusable("key", where, "is encrypted. Set tls.passphrase");
    throw unusable("passphrase", where, "does not open the key in tls.key. Correct one of them");
  }
}

function contextOf(texts: Texts, where: string): SecureContext {
  try {
    return createSecureContext(texts);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new SallyportError(
      "credential_source_failed",
      `The certificates in tls for ${where} cannot be used (${code}). Check that each file is complete and its algorithm is not outdated.`,
    );
  }
}

function unusable(name: Field, where: string, reason: string): SallyportError {
  return new SallyportError("credential_source_failed", `The tls.${name} for ${where} ${reason}.`);
}
