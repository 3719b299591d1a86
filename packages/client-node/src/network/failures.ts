/**
 * What it means when a connection does not come about because of certificates (RFC 8446 §6.2) or a proxy
 * (RFC 9110 §9.3.6), as one sentence that names what to change.
 */
import { SallyportError } from "@sallyport/auth-core";
import type { ProxyRoute } from "./proxy-route.ts";

/** The two ends of a connection, as far as messages tell of them. */
export interface Ends {
  /** The server as messages name it. */
  readonly where: string;
  readonly secure: boolean;
  /** Whether a client certificate is shown. */
  readonly certificate: boolean;
  /** Whether the public CAs are replaced. */
  readonly ca: boolean;
  readonly proxy: ProxyRoute | undefined;
}

/** A failure that is understood. */
export interface Explained {
  readonly error: SallyportError;
  /**
   * What newer credentials could change: `refused` means that the other side saw no request yet and would accept
   * others; `unclear` that it hung up without a word.
   */
  readonly kind: "refused" | "unclear" | "final";
}

/** The proxy's own answer instead of the server's: 407, or what it says to CONNECT. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** The proxy was not reached. */
export class ProxyUnreachable extends Error {
  constructor(cause: unknown) {
    super("No connection to the proxy", { cause });
  }
}

/** What a failed request comes from; `undefined` when neither TLS nor a proxy is to blame. */
export function explain(error: unknown, ends: Ends): Explained | undefined {
  const chain = [...causes(error)];
  for (const link of chain) {
    if (link instanceof ProxyRefusal) return proxyRefusal(link.status, ends, error);
    if (link instanceof ProxyUnreachable) return proxyUnreachable(codeOf(chain), ends, error);
  }
  const code = codeOf(chain);
  if (!ends.secure) return ends.proxy === undefined ? undefined : proxyUnreachable(code, ends, error);
  const reason = tlsReason(code, chain, ends);
  if (reason === undefined) return undefined;
  const [kind, text] = reason;
  return { kind, error: failure(`Cannot reach ${ends.where}: ${text} (${code}).`, error) };
}

function proxyRefusal(status: number, { where, proxy }: Ends, cause: unknown): Explained {
  const name = describe(proxy);
  const says = (text: string, kind: Explained["kind"] = "final"): Explained => ({
    kind,
    error: failure(`Cannot reach ${where}: ${name} ${text} (HTTP ${status}).`, cause),
  });
  if (status === 407 && proxy?.username === undefined) {
    return says("asks for a user name and a password. Write them as proxy.username and proxy.password");
  }
  if (status === 407) return says("does not accept the user name and password. Correct them", "refused");
  if (status === 403 || status === 405) return says("does not allow connections to this server. Ask who runs it");
  return says("did not connect to the server. Check the URL, and ask who runs the proxy");
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  ECONNRESET: "it hung up",
  UND_ERR_SOCKET: "it hung up",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer in time",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer in time",
};

function proxyUnreachable(code: string, { where, proxy }: Ends, cause: unknown): Explained {
  const [what, advice] = /CERT|ERR_TLS|UNABLE_TO/.test(code)
    ? ["its certificate is not accepted", "Name the CA that issued it in the file of NODE_EXTRA_CA_CERTS"]
    : [unreachable[code] ?? "the connection to it failed", "Correct the address, or start the proxy"];
  const message = `Cannot reach ${where} through ${describe(proxy)}: ${what} (${code}). ${advice}.`;
  return { kind: "final", error: failure(message, cause) };
}

function describe(proxy: ProxyRoute | undefined): string {
  return proxy === undefined ? "a proxy" : `the proxy ${new URL(proxy.url).origin} from ${proxy.from}`;
}

/** Alerts with which a server refuses the client certificate (RFC 8446 §6.2), as OpenSSL names them. */
const clientRefused =
  /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN)|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/;

function tlsReason(code: string, chain: readonly object[], ends: Ends): [Explained["kind"], string] | undefined {
  if (code === "DEPTH_ZERO_SELF_SIGNED_CERT")
    return ["refused", `its certificate is self-signed. ${trust("it", ends)}`];
  if (/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA)/.test(code)) {
    return ["refused", `its certificate comes from a CA that is not trusted. ${trust("the CA", ends)}`];
  }
  if (code === "CERT_HAS_EXPIRED") {
    return ["final", "its certificate has expired. Have it renewed, or check the clock of this machine"];
  }
  if (code === "CERT_NOT_YET_VALID")
    return ["final", "its certificate is not valid yet. Check the clock of this machine"];
  if (code === "INVALID_PURPOSE")
    return ["final", "its certificate is not meant for a server. Ask who runs it for another"];
  if (code === "CERT_REVOKED") return ["final", "its certificate is revoked. Ask who runs the server"];
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return ["final", wrongName(chain)];
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return ["final", "it does not speak TLS at this port. Check the port, or whether the URL begins with http://"];
  }
  if (clientRefused.test(code)) {
    return ends.certificate
      ? [
          "refused",
          "it refused the client certificate. Check that tls.cert was issued for this server and is not revoked",
        ]
      : ["final", needed];
  }
  if (/ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/.test(code)) {
    return ends.certificate
      ? ["refused", "it refused the handshake. Check that tls.cert was issued for this server"]
      : ["final", needed];
  }
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) return ["unclear", hungUp(ends)];
  if (/^(ERR_SSL_|ERR_TLS_|EPROTO|CERT_|CRL_|ERROR_IN_|PATH_LENGTH_|UNHANDLED_|HOSTNAME_|AKID_|SUBTREE_)/.test(code))
    return ["final", "the TLS handshake failed. Ask who runs the server"];
  return undefined;
}

const needed = "it asks for a client certificate. Set tls.cert and tls.key";

function trust(what: string, { ca }: Ends): string {
  return ca
    ? `It is not among those in tls.ca, which take the place of the public ones. Add ${what} there if you trust it`
    : `Put ${what} in tls.ca, or in the file that NODE_EXTRA_CA_CERTS names, if you trust it`;
}

function wrongName(chain: readonly object[]): string {
  const error = chain.find((link) => "code" in link && link.code === "ERR_TLS_CERT_ALTNAME_INVALID");
  const { host, cert } = (error ?? {}) as { host?: unknown; cert?: { subjectaltname?: unknown } };
  const names = String(cert?.subjectaltname ?? "nobody").slice(0, 200);
  return `its certificate is for ${JSON.stringify(names)} and not for ${JSON.stringify(String(host))}. Use a name it is for in the URL, or set tls.servername`;
}

function hungUp({ certificate }: Ends): string {
  return certificate
    ? "the connection broke off. Try again; if it always does, the server may not accept the certificate in tls.cert"
    : "the connection broke off. Try again; if it always does, the server may ask for a client certificate: set tls.cert and tls.key";
}

function failure(message: string, cause: unknown): SallyportError {
  return new SallyportError("connect_failed", message, { cause });
}

/** The code nearest to the root that says anything. */
function codeOf(chain: readonly object[]): string {
  const codes = chain.flatMap((link) => ("code" in link && typeof link.code === "string" ? [link.code] : []));
  return codes.at(-1) ?? "no code";
}

/** The error and what caused it; a chain that goes on for ever is cut. */
function* causes(error: unknown): Generator<object> {
  let link = error;
  for (let depth = 0; depth < 10 && typeof link === "object" && link !== null; depth++) {
    yield link;
    link = (link as { cause?: unknown }).cause;
  }
}
