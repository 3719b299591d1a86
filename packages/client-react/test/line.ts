/** A line to a server that can be cut: what a network does to a connection, at an address that stays. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Line {
  /** The server's URL, through the line. */
  readonly url: string;
  /** Break what is open and let nothing through, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** @param server - the URL of a server on 127.0.0.1. */
export async function lineTo(server: string): Promise<Line> {
  const target = new URL(server);
  const sockets = new Set<Socket>();
  let whole = true;
  const open = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  };
  const listener = createServer((socket) => {
    open(socket);
    if (!whole) {
      socket.destroy();
      return;
    }
    const onward = open(connect(Number(target.port), "127.0.0.1"));
    socket.pipe(onward).pipe(socket);
  });
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    cut() {
      whole = false;
      drop();
    },
    mend() {
      whole = true;
    },
    close() {
      drop();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}
