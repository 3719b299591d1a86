/**
 * The loopback HTTP listener of a sign-in (RFC 8252 §7.3). The port is bound once and held: it is never looked for
 * first and bound later.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SallyportError } from "@sallyport/auth-core";

/** Where the browser is sent back to: one of the names of this machine. */
export type LoopbackHost = "127.0.0.1" | "[::1]" | "localhost";

/** A port that is held. */
export interface Listener {
  readonly port: number;
  /** Free the port at once. Resolves when the last page has gone out, or its time is over. */
  close(): Promise<void>;
}

const nextPorts = 10;
const freePorts = 3;
// How long a browser may take to fetch the last page, in milliseconds.
const lingerMs = 1_000;

/**
 * Which ports to try, in order: the preferred one, the next ones, then any that is free.
 *
 * @param preferred - 0 is any free port.
 */
export function portsToTry(preferred: number, isStrict: boolean): readonly number[] {
  const any = Array.from({ length: freePorts }, () => 0);
  if (preferred === 0) return any;
  if (isStrict) return [preferred];
  const next = Array.from({ length: nextPorts }, (_, index) => preferred + index).filter((port) => port <= 65535);
  return [...next, ...any];
}

/**
 * Listen on the first port that is free. Rejects with `port_unavailable` when none is.
 *
 * @param host - `localhost` is both IP versions, as a browser may take either (RED-06).
 * @param advice - what to do when no port is free.
 */
export async function listenOn(
  host: string,
  ports: readonly number[],
  handler: RequestListener,
  advice: string,
): Promise<Listener> {
  const addresses = host === "localhost" ? ["127.0.0.1", "::1"] : [host.replace(/^\[(.*)\]$/, "$1")];
  const pending = new Set<ServerResponse>();
  const follow: RequestListener = (request, response) => {
    pending.add(response);
    response.once("close", () => pending.delete(response));
    handler(request, response);
  };
  let failure: NodeJS.ErrnoException | undefined;
  for (const port of ports) {
    const servers = addresses.map(() => newServer(follow));
    try {
      const bound = await bindAll(servers, addresses, port);
      return { port: bound, close: () => closeAll(servers, pending) };
    } catch (error) {
      await closeAll(servers, pending);
      failure = error as NodeJS.ErrnoException;
    }
  }
  const tried = [...new Set(ports)].map((port) => (port === 0 ? "any free port" : port)).join(", ");
  throw new SallyportError(
    "port_unavailable",
    `Cannot listen on ${host} for the answer of the sign-in (tried ${tried}): ${reasonOf(failure)}. ${advice}`,
    { cause: failure },
  );
}

function newServer(handler: RequestListener): Server {
  const server = createServer(
    {
      // Cookies of everything else that ran on this machine's name come along, whatever its port.
      maxHeaderSize: 32 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
    },
    handler,
  );
  server.maxConnections = 64;
  return server;
}

async function bindAll(servers: readonly Server[], addresses: readonly string[], first: number): Promise<number> {
  let port: number | undefined;
  let absent: unknown;
  for (const [index, server] of servers.entries()) {
    try {
      await bind(server, addresses[index] ?? "", port ?? first);
      port ??= (server.address() as AddressInfo).port;
    } catch (error) {
      // A machine may lack one of the IP versions.
      if (!/^(?:EADDRNOTAVAIL|EAFNOSUPPORT)$/.test((error as NodeJS.ErrnoException).code ?? "")) throw error;
      absent = error;
    }
  }
  if (port === undefined) throw absent;
  return port;
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Exclusive: the workers of a cluster would share the port, and one get the answer of another.
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", reject);
      // A connection that cannot be accepted is that connection's matter.
      server.on("error", () => {});
      resolve();
    });
  });
}

async function closeAll(servers: readonly Server[], pending: ReadonlySet<ServerResponse>): Promise<void> {
  const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
  if (pending.size > 0) await lastPages(pending);
  for (const server of servers) server.closeAllConnections();
  await Promise.all(closed);
}

async function lastPages(pending: ReadonlySet<ServerResponse>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lingerMs);
  });
  const gone = [...pending].map((response) => new Promise((resolve) => response.once("close", resolve)));
  await Promise.race([late, Promise.all(gone)]);
  clearTimeout(timer);
}

function reasonOf(error: NodeJS.ErrnoException | undefined): string {
  if (error?.code === "EADDRINUSE") return "another program has it";
  if (error?.code === "EACCES") return "this user may not listen there";
  if (error?.code === "EADDRNOTAVAIL") return "this machine does not have that address";
  return `listening failed (${error?.code})`;
}
