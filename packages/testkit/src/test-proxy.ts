/**
 * An HTTP proxy on 127.0.0.1: tunnels for CONNECT (RFC 9110 §9.3.6), and requests in absolute form (RFC 9112 §3.2.2).
 * Every host name leads to 127.0.0.1, as the proxy is the one who looks names up.
 */
import { createServer, type IncomingMessage, request } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TlsOptions } from "node:tls";

/** What the proxy was asked for. */
export interface ProxiedRequest {
  readonly method: string;
  /** `host:port` of a tunnel, or the URL of a request. */
  readonly target: string;
  readonly authorization: string | undefined;
  /** Names of all its headers. */
  readonly headers: readonly string[];
}

export interface TestProxyOptions {
  /** `user:password` that it asks for; asked anew at each request. */
  readonly credentials?: () => string;
  /** The status with which it refuses everything. */
  readonly refuse?: number;
  /** Makes it an https proxy. */
  readonly tls?: TlsOptions;
}

export interface TestProxy {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ProxiedRequest[];
  /** How many sockets of clients are open. */
  openSockets(): number;
  close(): Promise<void>;
}

/** Start a proxy. */
export async function testProxy({ credentials, refuse, tls }: TestProxyOptions = {}): Promise<TestProxy> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Duplex>();

  const judge = ({ method = "", url = "", headers }: IncomingMessage): number => {
    const authorization = headers["proxy-authorization"];
    requests.push({ method, target: url, authorization, headers: Object.keys(headers) });
    if (refuse !== undefined) return refuse;
    if (credentials === undefined) return 200;
    return authorization === `Basic ${Buffer.from(credentials()).toString("base64")}` ? 200 : 407;
  };

  const server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on("request", (incoming: IncomingMessage, response) => {
    const status = judge(incoming);
    if (status !== 200) return void response.writeHead(status).end("no");
    const { port, pathname, search } = new URL(incoming.url ?? "");
    const { method } = incoming;
    const { "proxy-authorization": _own, ...headers } = incoming.headers;
    const onward = request({ host: "127.0.0.1", port, path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response).catch(() => {});
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    pipeline(incoming, onward).catch(() => {});
  });
  server.on("connect", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const status = judge(incoming);
    socket.on("error", () => {});
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const onward = connect(Number(incoming.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  server.on("connection", (socket: Duplex) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    requests,
    openSockets: () => sockets.size,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
