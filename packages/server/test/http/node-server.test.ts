/**
 * The server on node:http as a process meets it: ports, closing, clients that leave, clients that do not speak HTTP.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Listening, MCPServer } from "../../src/index.ts";
import { callTool, type Message, post, textOf } from "../messages.ts";
import { exchange, parse, received } from "../raw-http.ts";
import { good } from "../rows.ts";
import { tableServer } from "../servers.ts";

const info = { name: "node", version: "1.0.0" };

/** A promise with its handles outside. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("listen", () => {
  it("takes a free port, on this machine alone, and says where it is", async () => {
    const listening = await tableServer().listen(0);
    expect(listening.port).toBeGreaterThan(0);
    expect(listening.url).toBe(`http://127.0.0.1:${listening.port}/mcp`);
    const response = await fetch(post(listening.url, callTool("2026", "whoami"), good));
    expect(await textOf(response)).toBe("Hello ada");
    await listening.close();
    await listening.close();
    await expect(fetch(listening.url)).rejects.toThrow();
  });

  it("says so when the port is taken", async () => {
    const first = await tableServer().listen(0);
    await expect(tableServer().listen(first.port)).rejects.toMatchObject({
      code: "port_unavailable",
      message: expect.stringContaining(`127.0.0.1 port ${first.port}`),
      cause: { code: "EADDRINUSE" },
    });
    await first.close();
  });

  it("says so when the address is not this machine's", async () => {
    await expect(tableServer().listen(0, { host: "192.0.2.1" })).rejects.toMatchObject({ code: "port_unavailable" });
  });

  it("serves everyone when there is no auth", async () => {
    const listening = await new MCPServer(info).tool({ name: "t", description: "" }, () => "open").listen(0);
    expect(await textOf(await fetch(post(listening.url, callTool("2025", "t"))))).toBe("open");
    await listening.close();
  });
});

describe("close", () => {
  it("lets a running call finish, takes no new one, and drops idle connections", async () => {
    const started = deferred();
    const finish = deferred();
    const listening = await new MCPServer(info)
      .tool({ name: "slow", description: "" }, async () => {
        started.resolve();
        await finish.promise;
        return "done";
      })
      .listen(0);
    const idle = connect(listening.port, "127.0.0.1");
    await once(idle, "connect");
    const call = fetch(post(listening.url, callTool("2026", "slow")));
    await started.promise;
    const closing = listening.close();
    await once(idle.resume(), "close");
    await expect(fetch(listening.url)).rejects.toThrow();
    finish.resolve();
    expect(await textOf(await call)).toBe("done");
    await closing;
  });

  it("ends what does not finish in time, and tells the handler", async () => {
    const started = deferred();
    const stopped = deferred();
    const listening = await new MCPServer(info)
      .tool({ name: "stuck", description: "" }, (_, context) => {
        context.mcpReq.signal.addEventListener("abort", stopped.resolve);
        started.resolve();
        return new Promise<string>(() => {});
      })
      .listen(0, { closeTimeoutMs: 20 });
    const call = fetch(post(listening.url, callTool("2026", "stuck")));
    const failed = expect(call).rejects.toThrow();
    await started.promise;
    await listening.close();
    await failed;
    await stopped.promise;
  });

  it("does not wait for subscriptions, which never end by themselves", async () => {
    const listening = await new MCPServer(info)
      .tool({ name: "t", description: "" }, () => "")
      .listen(0, { closeTimeoutMs: 60_000 });
    const message: Message = callTool("2026", "");
    const body = message.body
      .replace('"tools/call"', '"subscriptions/listen"')
      .replace('"name":"","arguments":{}', '"notifications":{}');
    const { "Mcp-Name": _, ...headers } = message.headers;
    const response = await fetch(
      post(listening.url, { headers: { ...headers, "Mcp-Method": "subscriptions/listen" }, body }),
    );
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = response.body?.getReader();
    await reader?.read();
    await listening.close();
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read());
  });
});

describe("streaming", () => {
  it("sends each event when it happens", async () => {
    const seen = deferred();
    const listening = await new MCPServer(info)
      .tool({ name: "steps", description: "" }, async (_, context) => {
        const params = { progressToken: "p", progress: 1 };
        await context.mcpReq.notify({ method: "notifications/progress", params });
        // Only a client that has been sent the first event lets this go on.
        await seen.promise;
        return "all done";
      })
      .listen(0);
    const response = await fetch(post(listening.url, callTool("2026", "steps")));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain("notifications/progress");
    seen.resolve();
    expect((await reader?.read())?.value).toContain("all done");
    await listening.close();
  });

  it.each(["2025", "2026"] as const)("a client that leaves stops its handler, %s", async (era) => {
    const started = deferred();
    const stopped = deferred();
    const listening = await new MCPServer(info)
      .tool({ name: "wait", description: "" }, (_, context) => {
        context.mcpReq.signal.addEventListener("abort", stopped.resolve);
        started.resolve();
        return new Promise<string>(() => {});
      })
      .listen(0);
    const controller = new AbortController();
    const call = fetch(post(listening.url, callTool(era, "wait")), { signal: controller.signal });
    const failed = expect(call).rejects.toThrow();
    await started.promise;
    controller.abort();
    await stopped.promise;
    await failed;
    await listening.close();
  });
});

describe("what is hardly HTTP", () => {
  let listening: Listening;
  const errors: unknown[] = [];
  beforeAll(async () => {
    listening = await tableServer({ onError: (error) => errors.push(error) }).listen(0);
  });
  afterAll(async () => {
    // Still there after all of it.
    const response = await fetch(post(listening.url, callTool("2026", "whoami"), good));
    expect(await textOf(response)).toBe("Hello ada");
    await listening.close();
  });
  const send = async (text: string): Promise<number> => parse(await exchange(listening.port, text)).status;
  const host = "Host: 127.0.0.1\r\n";

  it.each([
    ["HTTP/1.0 without Host", "POST /mcp HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", 401],
    ["HTTP/1.1 without Host", "POST /mcp HTTP/1.1\r\n\r\n", 400],
    ["an upgrade", `GET /mcp HTTP/1.1\r\n${host}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`, 401],
    [
      "an upgrade to h2c",
      `GET /mcp HTTP/1.1\r\n${host}Connection: close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n`,
      401,
    ],
    ["an unknown expectation", `POST /mcp HTTP/1.1\r\n${host}Connection: close\r\nExpect: wonders\r\n\r\n`, 417],
    ["headers without end", `GET /mcp HTTP/1.1\r\n${host}X: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    [
      "a folded Authorization",
      `GET /mcp HTTP/1.1\r\n${host}Connection: close\r\nAuthorization: Bearer\r\n ${good}\r\n\r\n`,
      400,
    ],
    ["a header without name", `GET /mcp HTTP/1.1\r\n${host}: x\r\n\r\n`, 400],
    ["two lengths", `POST /mcp HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
    [
      "length and chunks (smuggling)",
      `POST /mcp HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ["a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
    ["noise", "\0\x01\x02\r\n\r\n", 400],
  ])("%s is answered and the server goes on", async (_, text, status) => {
    expect(await send(text)).toBe(status);
  });

  it("noise behind a request whose answer is on its way is not answered into it", async () => {
    const begun = deferred();
    const slow = await new MCPServer(info)
      .tool({ name: "slow", description: "" }, () => {
        begun.resolve();
        return new Promise<string>(() => {});
      })
      .listen(0);
    const { headers, body } = callTool("2025", "slow");
    const socket = connect(slow.port, "127.0.0.1");
    let all = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      all += chunk;
    });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST /mcp HTTP/1.1\r\n${host}${lines.join("")}Content-Length: ${body.length}\r\n\r\n${body}`);
    await begun.promise;
    socket.write("\0noise\r\n\r\n");
    await once(socket, "close");
    expect(all).not.toContain("400");
    await slow.close();
  });

  it("CONNECT is hung up on", async () => {
    expect(await exchange(listening.port, `CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`)).toBe("");
  });

  it("a client that leaves in the middle of its body is nobody's error", async () => {
    errors.splice(0);
    const socket = connect(listening.port, "127.0.0.1");
    const lines = `Authorization: Bearer ${good}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n`;
    const asked = received(socket, "100 Continue");
    socket.write(`POST /mcp HTTP/1.1\r\n${host}Expect: 100-continue\r\n${lines}\r\n`);
    await asked;
    socket.end("{");
    await once(socket, "close");
    expect(errors).toEqual([]);
  });
});
