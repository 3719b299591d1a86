/**
 * How a connection comes about, and what is said when it does not: both SDK lines against servers that are old, broken or hostile.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type Guard,
  type Handler,
  listen,
  mcpServerV1,
  mcpServerV2,
  requireBearer,
  sseServer,
} from "@sallyport/testkit";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { SallyportError } from "../../src/errors.ts";
import type { Session } from "../../src/mcp/session.ts";
import { bearer, running, sdks, session } from "./sessions.ts";

async function failure(client: Session): Promise<SallyportError> {
  return client.connect().then(
    () => expect.unreachable("it connected"),
    (error: SallyportError) => error,
  );
}

const answer =
  (status: number, body = "", headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

describe.each(sdks)("$name", (sdk) => {
  describe("servers that know HTTP+SSE alone", () => {
    it.each([400, 404, 405] as const)("are reached after HTTP %i", async (postStatus) => {
      const server = await running(sseServer({ postStatus }));
      const client = await session(server.url, { sdk }).connect();
      expect(client.transport).toBe("sse");
      expect(await client.listTools()).toHaveLength(5);
    });

    it("are not looked for when the transport is said", async () => {
      const old = await running(sseServer());
      const error = await failure(session(old.url, { sdk }, { transport: "http" }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("HTTP 405") });
      expect(old.requests.every(({ method }) => method === "POST")).toBe(true);

      const explicit = await session(old.url, { sdk }, { transport: "sse" }).connect();
      expect(explicit.transport).toBe("sse");
      const modern = await running(mcpServerV2());
      const wrong = await failure(session(modern.url, { sdk }, { transport: "sse" }));
      expect(wrong).toMatchObject({ code: "connect_failed", message: expect.stringContaining("HTTP 405") });
      expect(modern.requests.every(({ method }) => method === "GET")).toBe(true);
    });

    it("are not what 401 and 403 mean (HDR-06)", async () => {
      for (const status of [401, 403]) {
        const server = await running(listen(answer(status)));
        await failure(session(server.url, { sdk }));
        expect(server.requests.map(({ method }) => method)).toEqual(["POST"]);
      }
    });

    it("are not what a JSON-RPC error means (HDR-06)", async () => {
      const error = { code: -32_600, message: "No\nthanks" };
      const body = JSON.stringify({ jsonrpc: "2.0", id: null, error });
      const server = await running(listen(answer(400, body, { "content-type": "application/json" })));
      const message = (await failure(session(server.url, { sdk }))).message;
      expect(message).toContain('-32600 "No\\nthanks"');
      expect(server.requests.every(({ method }) => method === "POST")).toBe(true);
    });

    it("drop their session with the stream: the next call connects again", async () => {
      const server = await running(sseServer());
      const client = await session(server.url, { sdk }).connect();
      const before = client.raw;
      const waiting = client.callTool("wait").catch((error: unknown) => error);
      await vi.waitFor(() => expect(server.requests.some(({ body }) => body.includes('"wait"'))).toBe(true));
      await server.dropStreams();
      expect(await waiting).toMatchObject({ code: "connect_failed", message: expect.stringContaining("ended before") });
      expect(client.getState()).toMatchObject({ status: "failed", error: { code: "connect_failed" } });
      expect(await client.listTools()).toHaveLength(5);
      expect(client.raw).not.toBe(before);
      expect(client.getState()).toEqual({ status: "ready" });
    });
  });

  describe("what is not MCP", () => {
    it("is named: nothing listens", async () => {
      const server = await listen(() => {});
      await server.close();
      const error = await failure(session(server.url, { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("ECONNREFUSED") });
      expect(error.message).toContain("Check that the server runs");
      expect(error.cause).toBeDefined();
    });

    it("is named: an unknown host", async () => {
      const error = await failure(session("http://no-such-host.invalid/mcp", { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
    });

    it("is named: TLS to a server without", async () => {
      const server = await running(listen(answer(200)));
      const error = await failure(session(server.url.replace("http:", "https:"), { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("TLS") });
    });

    it("is named: the connection breaks off", async () => {
      const server = await running(listen((_request, response) => void response.socket?.destroy()));
      const error = await failure(session(server.url, { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("broke off") });
    });

    it.each([
      [200, "<!doctype html>", "text/html", '"text/html", which is not MCP'],
      [200, "", "", "without a content type"],
      [404, "nope", "text/plain", "no MCP server at this path (HTTP 404)"],
      [410, "nope", "text/plain", "did not accept the message (HTTP 410)"],
      [500, "trace: secret", "text/plain", "failed (HTTP 500)"],
    ])("is named: HTTP %i %s", async (status, body, type, message) => {
      const server = await running(listen(answer(status, body, type === "" ? {} : { "content-type": type })));
      const error = await failure(session(server.url, { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining(message) });
      expect(error.message).toContain(server.url);
      expect(error.message).not.toContain("secret");
    });

    it("is named: JSON that is no JSON-RPC", async () => {
      for (const body of ["{", "[]", '{"error":"x"}', '{"jsonrpc":"2.0","id":0,"result":null}']) {
        const server = await running(listen(answer(200, body, { "content-type": "application/json" })));
        const error = await failure(session(server.url, { sdk, timeoutMs: 500 }));
        expect(error.code).toBe("connect_failed");
        // What a parser says of it is for those who wrote the parser.
        expect(error.message).not.toMatch(/Unexpected|invalid_|expected/);
      }
    });

    it("is waited for no longer than said", async () => {
      const server = await running(listen(() => {}));
      const error = await failure(session(server.url, { sdk, timeoutMs: 50 }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("within 50 ms") });
      await vi.waitFor(() => expect(server.requests[0]?.abandoned).toBe(true));
    });

    it("is waited for no longer than said, also when the stream opens and stays silent", async () => {
      const server = await running(
        listen((_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
        }),
      );
      const error = await failure(session(server.url, { sdk, timeoutMs: 50 }, { transport: "sse" }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("within 50 ms") });
      await vi.waitFor(() => expect(server.requests[0]?.abandoned).toBe(true));
    });

    it("is not read to its end: a refusal has no bound of its own", async () => {
      let written = 0;
      function* endless(): Generator<Buffer> {
        for (const chunk = Buffer.alloc(65_536, "x"); written < 1e9; written += chunk.length) yield chunk;
      }
      const server = await running(
        listen(async (_request, response) => {
          response.writeHead(400, { "content-type": "text/plain" });
          await pipeline(Readable.from(endless()), response).catch(() => {});
        }),
      );
      await failure(session(server.url, { sdk }, { transport: "http" }));
      await vi.waitFor(() => expect(server.requests.every(({ abandoned }) => abandoned)).toBe(true));
      expect(written).toBeLessThan(1e8);
    });

    it("is named: a port that speaks something else", async () => {
      const server = createServer((socket) => {
        onTestFinished(() => void socket.destroy());
        socket.on("error", () => {}).write("220 mail.example.com ESMTP\r\n");
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const address = server.address() as { port: number };
      const error = await failure(session(`http://127.0.0.1:${address.port}/mcp`, { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("Check the port (H") });
    });

    it("is named: a port that fetch refuses, without blaming a browser", async () => {
      const error = await failure(session("http://127.0.0.1:1/mcp", { sdk }));
      expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("bad port") });
      expect(error.message).not.toContain("browser");
    });
  });

  describe("refusals", () => {
    it("name the scopes of the challenge (CHL-07, STEP)", async () => {
      const challenge =
        'Bearer realm="x", error="insufficient_scope", scope="files:write admin", error_description="Not\tyou"';
      const server = await running(listen(answer(403, "", { "www-authenticate": challenge })));
      const error = await failure(session(server.url, { sdk }, { auth: bearer }));
      expect(error.code).toBe("insufficient_scope");
      expect(error.message).toContain('scope "files:write admin"');
      expect(error.message).toContain('"Not\\tyou"');
    });

    it("bound and quote what the server says", async () => {
      const challenge = `Bearer error="invalid_token", error_description="${"a".repeat(3000)}"`;
      const server = await running(listen(answer(401, "", { "www-authenticate": challenge })));
      const error = await failure(session(server.url, { sdk }));
      // The server says that it got a token and does not take it, whatever the configuration says.
      expect(error.code).toBe("unauthorized");
      expect(error.message.length).toBeLessThan(500);
    });

    it("tell a server that asks for a sign-in from one that asks for any credential (RFC 9728 §5.1)", async () => {
      const asking = async (challenge: string) => {
        const server = await running(listen(answer(401, "", { "www-authenticate": challenge })));
        return failure(session(server.url, { sdk }));
      };
      const oauth = await asking('Bearer resource_metadata="https://mcp.example/metadata"');
      expect(oauth).toMatchObject({ code: "authorization_required" });
      expect(oauth.message).toMatch(/requires a sign-in, and there is nobody to ask.*share the store/);
      const plain = await asking("Bearer");
      expect(plain).toMatchObject({ code: "authorization_required" });
      expect(plain.message).not.toContain("nobody to ask");
    });

    it("tell 403 without a scope from 401 (CHL-16)", async () => {
      const server = await running(listen(answer(403)));
      expect(await failure(session(server.url, { sdk }))).toMatchObject({
        code: "unauthorized",
        message: expect.stringContaining("HTTP 403"),
      });
    });

    it("tell a header that holds a credential from one that does not", async () => {
      const server = await running(listen(answer(401)));
      const codeWith = async (headers: Record<string, string>) =>
        (await failure(session(server.url, { sdk }, { headers }))).code;
      expect(await codeWith({ "X-Tenant": "t1" })).toBe("authorization_required");
      expect(await codeWith({ "X-API-Key": "k" })).toBe("unauthorized");
      const never = await failure(session(server.url, { sdk }, { auth: { type: "none" } }));
      expect(never.code).toBe("authorization_required");
    });

    it("tell that a server is busy", async () => {
      const server = await running(listen(answer(503, "", { "retry-after": "7" })));
      expect(await failure(session(server.url, { sdk }))).toMatchObject({
        code: "temporarily_unavailable",
        message: expect.stringContaining('try again after "7"'),
      });
    });

    it("reach the caller after connecting too, and the session goes on", async () => {
      let token = "good";
      const server = await running(mcpServerV2({ guard: requireBearer("good") }));
      const client = session(server.url, { sdk }, { auth: { type: "bearer", token: () => token } });
      await client.connect();
      token = "expired";
      await expect(client.callTool("echo", { text: "a" })).rejects.toMatchObject({ code: "unauthorized" });
      expect(client.getState()).toEqual({ status: "ready" });
      token = "good";
      expect((await client.callTool("echo", { text: "a" })).content).toHaveLength(1);
    });
  });

  it("tells at once when the answer breaks off", async () => {
    let hangUp = (): void => {};
    const server = await running(
      mcpServerV1({
        guard: (_headers, { body }, response) => {
          if (body.includes('"wait"')) hangUp = () => response.socket?.destroy();
          return undefined;
        },
      }),
    );
    const client = await session(server.url, { sdk, timeoutMs: 60_000 }).connect();
    const waiting = client.callTool("wait").catch((error: unknown) => error);
    await vi.waitFor(() => expect(server.requests.some(({ body }) => body.includes('"wait"'))).toBe(true));
    hangUp();
    expect(await waiting).toMatchObject({ code: "connect_failed", message: expect.stringContaining("broke off") });
    expect((await client.callTool("echo", { text: "back" })).content).toHaveLength(1);
  });

  it("throws what the authentication throws, as it is", async () => {
    const server = await running(mcpServerV1());
    const broken = new RangeError("the vault is sealed");
    for (const transport of ["http", "sse", "auto"] as const) {
      const client = session(server.url, { sdk }, { transport, auth: () => Promise.reject(broken) });
      await expect(client.connect()).rejects.toBe(broken);
      expect(client.getState()).toMatchObject({ status: "failed", error: { code: "connect_failed", cause: broken } });
    }
    expect(server.requests).toHaveLength(0);
  });

  it("never takes a credential to another origin", async () => {
    const elsewhere = await running(mcpServerV2());
    const server = await running(listen(answer(307, "", { location: elsewhere.url })));
    const error = await failure(session(server.url, { sdk }, { auth: bearer }));
    expect(error.code).toBe("redirect_refused");
    expect(elsewhere.requests).toHaveLength(0);
  });

  it("follows a redirect within the origin, with the credential", async () => {
    const moved: Guard = (headers, request, response) =>
      request.url === "/old"
        ? { status: 307, headers: { location: "/mcp" } }
        : requireBearer("demo-token")(headers, request, response);
    const server = await running(mcpServerV1({ guard: moved }));
    const client = session(server.url.replace("/mcp", "/old"), { sdk }, { auth: bearer });
    expect(await client.listTools()).toHaveLength(5);
  });

  it("keeps secrets of the URL out of messages", async () => {
    const server = await running(listen(answer(404)));
    const error = await failure(session(`${server.url}/mcp?api_key=s3cret`, { sdk }));
    expect(error.message).toContain(`${server.url}/mcp`);
    expect(error.message).not.toContain("s3cret");
  });
});
