/**
 * Failures of a connection: always a `SallyportError`, with a message for people.
 */
import { isSallyportError, quoteForeign, SallyportError } from "@sallyport/auth-core/errors";

/** What ended an attempt, as an error with a code. */
export function toFailure(error: unknown, server: URL | undefined): SallyportError {
  const failure = explain(error, server);
  if (isSallyportError(failure)) return failure;
  return new SallyportError("connect_failed", `Connecting failed: ${quoteForeign(String(error))}`, { cause: error });
}

/**
 * The error of a request that got no answer, with a message that names what can be wrong; any other error as it is.
 * A browser tells a script no more than `TypeError` (Fetch, §5.4 "network error"), whether the server is down or the
 * answer was withheld.
 */
export function explain(error: unknown, server: URL | undefined): unknown {
  if (!isSallyportError(error) || error.code !== "connect_failed" || server === undefined) return error;
  if (!(error.cause instanceof TypeError)) return error;
  return new SallyportError("connect_failed", unreachable(server), { cause: error });
}

/** The chunk with the client did not arrive: offline, or the site was deployed anew under an open page. */
export function loadFailed(cause: unknown): SallyportError {
  return new SallyportError(
    "connect_failed",
    "The code that connects to MCP servers did not load. Check the network; if the site has just been updated, reload the page.",
    { cause },
  );
}

/** What ended an established session, worded for what happens then. */
export function connectionLost(error: SallyportError | undefined): SallyportError {
  if (error !== undefined && error.code !== "connect_failed") return error;
  return new SallyportError("connect_failed", "The connection to the server was lost. Call retry() to connect again.", {
    cause: error,
  });
}

/** Addresses of this machine, to which a secure page may send plain http (Mixed Content, §3.1). */
const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

function unreachable({ origin, pathname, protocol, hostname }: URL): string {
  // The query is left out: it may hold a key.
  const server = `${origin}${pathname}`;
  if (protocol === "http:" && globalThis.isSecureContext === true && !loopback.has(hostname)) {
    return `The browser lets no secure page send requests to ${server}: it is plain http. Use the server's https address.`;
  }
  const page = globalThis.location?.origin ?? "this page";
  return `No answer from ${server} reached this page. Either the server cannot be reached: it is down, the address is wrong, or there is no network. Or it does not allow requests from ${page} (CORS): then the server's operator has to allow this origin.`;
}
