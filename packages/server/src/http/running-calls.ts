/**
 * What a server on node:http is busy with, so that closing waits for the calls that will end and ends whatever would keep
 * it waiting.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export class RunningCalls {
  readonly #server: Server;
  /** Connections that have not sent a request yet. Node counts them as busy. */
  readonly #silent: Set<Socket> = new Set();
  readonly #endless: Map<ServerResponse, AbortController> = new Map();
  readonly #latest: WeakMap<Socket, ServerResponse> = new WeakMap();
  #closing = false;

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#silent.add(socket);
      socket.once("close", () => this.#silent.delete(socket));
    });
  }

  /** A request has arrived. The controller is aborted when its client goes away. */
  begin(request: IncomingMessage, response: ServerResponse): AbortController {
    this.#silent.delete(request.socket);
    this.#latest.set(request.socket, response);
    if (this.#closing) response.setHeader("Connection", "close");
    const controller = new AbortController();
    response.once("close", () => {
      this.#endless.delete(response);
      if (!response.writableFinished) controller.abort();
      // Its connection would be kept open for another request.
      if (this.#closing) this.#server.closeIdleConnections();
    });
    return controller;
  }

  /** Whether an answer is still on its way over this connection. */
  isAnswering(socket: Socket): boolean {
    return this.#latest.get(socket)?.writableFinished === false;
  }

  /** The answer is a subscription: it ends when the client leaves, or the server. */
  markEndless(response: ServerResponse, controller: AbortController): void {
    if (this.#closing) controller.abort();
    else this.#endless.set(response, controller);
  }

  close(): void {
    this.#closing = true;
    for (const socket of this.#silent) socket.destroy();
    for (const controller of this.#endless.values()) controller.abort();
  }
}
