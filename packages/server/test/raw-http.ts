/**
 * HTTP by hand: sends exactly these bytes, and reads what comes back. For what no HTTP client would send.
 */
import { connect, type Socket } from "node:net";

export interface RawResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Send `text` as it is (Latin-1) and resolve with all that came back once the server has closed the connection. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
    socket.setEncoding("latin1").on("data", (chunk) => {
      received += chunk;
    });
    socket
      .once("error", reject)
      .once("end", () => socket.end())
      .once("close", () => resolve(received));
  });
}

/** A request with `Connection: close`, so that the answer ends with the connection. */
export async function request(
  port: number,
  target: string,
  lines: readonly string[] = [],
  { method = "POST", body = "" }: { method?: string; body?: string } = {},
): Promise<RawResponse> {
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: close",
    ...(body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`]),
    ...lines,
  ];
  return parse(await exchange(port, `${head.join("\r\n")}\r\n\r\n${body}`));
}

/** The first response of `text`; a chunked body is left as it is. */
export function parse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const [head, body] = end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end + 4)];
  const [status = "", ...lines] = head.split("\r\n");
  return {
    status: Number(status.split(" ")[1]),
    headers: Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    ),
    body,
  };
}

/** Resolves with everything the socket has received once `text` is in it. */
export function received(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    const onData = (chunk: Buffer): void => {
      all += chunk.toString("latin1");
      if (!all.includes(text)) return;
      socket.off("data", onData);
      resolve(all);
    };
    socket.on("data", onData);
    socket.once("close", () => reject(new Error(`The connection ended before ${JSON.stringify(text)} came:\n${all}`)));
  });
}
