/**
 * A refused upload costs the server an answer and a few buffers, never the body; and the client gets to read that answer.
 * What the server has read is asked of its own sockets.
 */
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Listening } from "../../src/index.ts";
import { callTool } from "../messages.ts";
import { parse, received } from "../raw-http.ts";
import { good } from "../rows.ts";
import { tableServer } from "../servers.ts";

const upload = 200 * 1024 * 1024;
/** What the server may have read of it: its drain allowance, and what was in its buffers already. */
const allowance = 1024 * 1024;

let listening: Listening;
/** The server's end of each connection, by the client's port; one entry per request. */
const sockets = new Map<number | undefined, Socket[]>();
const requests = channel("http.server.request.start");
const remember = (message: unknown): void => {
  const { socket } = message as { socket: Socket };
  sockets.set(socket.remotePort, [...(sockets.get(socket.remotePort) ?? []), socket]);
};
beforeAll(async () => {
  requests.subscribe(remember);
  listening = await tableServer().listen(0);
});
afterAll(async () => {
  requests.unsubscribe(remember);
  await listening.close();
});

const head = (...lines: string[]): string =>
  ["POST /mcp HTTP/1.1", `Host: 127.0.0.1:${listening.port}`, "Content-Type: application/json", ...lines, "", ""].join(
    "\r\n",
  );

/** Writes for as long as the server takes it, and gives the answer that came meanwhile. */
async function pour(start: string, chunk: Buffer): Promise<{ answer: string; bytesRead: number | undefined }> {
  const socket = connect(listening.port, "127.0.0.1");
  const answer = received(socket, '"}');
  // Writing on after the server has ended the connection is an error, and expected here.
  socket.on("error", () => {});
  socket.write(start);
  let sent = 0;
  let over = false;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve())).then(() => {
    over = true;
  });
  await once(socket, "connect");
  const { localPort } = socket;
  const more = (): void => {
    while (!over && sent < upload) {
      sent += chunk.length;
      if (!socket.write(chunk)) {
        socket.once("drain", more);
        return;
      }
    }
  };
  more();
  const text = await answer;
  // The server ends the connection by itself, though this client goes on sending.
  await closed;
  return { answer: text, bytesRead: sockets.get(localPort)?.[0]?.bytesRead };
}

describe.each([
  ["no token", [], 401],
  ["an invalid token", ["Authorization: Bearer nobody"], 401],
  ["two tokens", [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`], 400],
  ["too few scopes", ["Authorization: Bearer unscoped"], 403],
  ["a verifier that takes its time and then fails", ["Authorization: Bearer hangs"], 503],
] as const)("200 MB with %s", { concurrent: true }, (_, lines, status) => {
  it("with a declared length: answered, not read", async () => {
    const { answer, bytesRead } = await pour(head(`Content-Length: ${upload}`, ...lines), Buffer.alloc(65_536));
    expect(parse(answer).status).toBe(status);
    expect(parse(answer).headers["connection"]).toBe("close");
    expect(bytesRead).toBeLessThan(allowance);
  });

  it("in chunks: answered, not read", async () => {
    const chunk = Buffer.from(`10000\r\n${"x".repeat(0x10000)}\r\n`);
    const { answer, bytesRead } = await pour(head("Transfer-Encoding: chunked", ...lines), chunk);
    expect(parse(answer).status).toBe(status);
    expect(bytesRead).toBeLessThan(allowance);
  });
});

it("with Expect: 100-continue the refusal comes instead of the 100", async () => {
  const socket = connect(listening.port, "127.0.0.1");
  const answer = received(socket, '"}');
  socket.write(head(`Content-Length: ${upload}`, "Expect: 100-continue"));
  expect(parse(await answer).status).toBe(401);
  await once(socket, "close");
});

it("with Expect: 100-continue and a token the body is asked for", async () => {
  const { headers, body } = callTool("2025", "whoami");
  const socket = connect(listening.port, "127.0.0.1");
  const proceed = received(socket, "100 Continue\r\n\r\n");
  const lines = [`Authorization: Bearer ${good}`, `Accept: ${headers["Accept"]}`, "Expect: 100-continue"];
  socket.write(head(`Content-Length: ${body.length}`, ...lines));
  await proceed;
  const answer = received(socket, "Hello ada");
  socket.write(body);
  await answer;
  socket.destroy();
});

it("a client that sends a moderate body first and reads only then gets the answer", async () => {
  const size = 200_000;
  const socket = connect(listening.port, "127.0.0.1");
  socket.pause();
  await new Promise((resolve) => socket.write(head(`Content-Length: ${size}`) + "x".repeat(size), resolve));
  expect(parse(await received(socket.resume(), '"}')).status).toBe(401);
  await once(socket, "close");
});

it("a small refused body leaves the connection usable", async () => {
  const socket = connect(listening.port, "127.0.0.1");
  const { headers, body } = callTool("2025", "whoami");
  const first = received(socket, '"}');
  socket.write(head(`Content-Length: ${body.length}`) + body);
  const refusal = parse(await first);
  expect(refusal.status).toBe(401);
  expect(refusal.headers["connection"]).toBe("keep-alive");
  const second = received(socket, "Hello ada");
  const lines = [`Authorization: Bearer ${good}`, `Accept: ${headers["Accept"]}`, `Content-Length: ${body.length}`];
  socket.write(head(...lines) + body);
  await second;
  expect(sockets.get(socket.localPort)).toHaveLength(2);
  socket.destroy();
});

it("nothing that is pipelined behind a refused upload is served", async () => {
  const { headers, body } = callTool("2025", "whoami");
  const socket = connect(listening.port, "127.0.0.1");
  let all = "";
  socket.setEncoding("latin1").on("data", (text) => {
    all += text;
  });
  const next = head(`Authorization: Bearer ${good}`, `Accept: ${headers["Accept"]}`, `Content-Length: ${body.length}`);
  socket.write(`${head("Transfer-Encoding: chunked")}1\r\nx\r\n0\r\n\r\n${next}${body}`);
  await once(socket, "close");
  expect(parse(all).status).toBe(401);
  expect(all).not.toContain("Hello");
});

it("fetch reads the 401 of a streamed upload", async () => {
  let produced = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      produced += 65_536;
      if (produced > upload) controller.close();
      else controller.enqueue(new Uint8Array(65_536));
    },
  });
  sockets.clear();
  const response = await fetch(listening.url, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ error: "unauthorized" });
  const [[socket] = []] = sockets.values();
  expect(socket?.bytesRead).toBeLessThan(allowance);
  expect(produced).toBeLessThan(upload);
});

describe("a body over the limit with a valid token (413)", () => {
  let small: Listening;
  beforeAll(async () => {
    small = await tableServer({ maxBodyBytes: 1_000 }).listen(0);
  });
  afterAll(() => small.close());

  const send = async (lines: readonly string[], body: string): Promise<string> => {
    const socket = connect(small.port, "127.0.0.1");
    socket.on("error", () => {});
    const answer = received(socket, "}");
    const start = ["POST /mcp HTTP/1.1", `Host: 127.0.0.1:${small.port}`, "Content-Type: application/json"];
    socket.write(`${[...start, `Authorization: Bearer ${good}`, ...lines].join("\r\n")}\r\n\r\n${body}`);
    const text = await answer;
    socket.destroy();
    return text;
  };

  it("is refused by its declared length", async () => {
    expect(parse(await send(["Content-Length: 1001"], "")).status).toBe(413);
    expect(parse(await send([`Content-Length: ${upload}`], "x".repeat(70_000))).status).toBe(413);
  });

  it("is refused when it turns out too long", async () => {
    const chunk = `400\r\n${"x".repeat(0x400)}\r\n`;
    expect(parse(await send(["Transfer-Encoding: chunked"], chunk)).status).toBe(413);
  });

  it("counts the same for server.fetch", async () => {
    const server = tableServer({ maxBodyBytes: 1_000 });
    const headers = {
      Authorization: `Bearer ${good}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
    };
    const post = (body: string): Promise<Response> =>
      server.fetch(new Request("http://127.0.0.1/mcp", { method: "POST", headers, body }));
    expect((await post(" ".repeat(1_001))).status).toBe(413);
    expect((await post(" ".repeat(1_000))).status).toBe(400);
  });
});
