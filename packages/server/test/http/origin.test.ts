/**
 * Which pages and which names: Origin (CHL-16, LOC-03), Host against DNS rebinding, and what browsers need to be told
 * (D49-14; modelcontextprotocol/inspector#817: a hidden 401 is reported as a vague failure).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Listening, MCPServerOptions } from "../../src/index.ts";
import { callTool, post } from "../messages.ts";
import { exchange, parse, request } from "../raw-http.ts";
import { good } from "../rows.ts";
import { TableAuth, tableServer } from "../servers.ts";

const from = async (origin: string, options: Partial<MCPServerOptions> = {}, token = good): Promise<Response> => {
  const incoming = post("http://mcp.example/mcp", callTool("2026", "whoami"), token);
  incoming.headers.set("Origin", origin);
  incoming.headers.set("Host", "mcp.example");
  return tableServer(options).fetch(incoming);
};

describe("by default", () => {
  it.each([
    "http://mcp.example",
    "https://mcp.example",
    "http://localhost",
    "http://localhost:5173",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
  ])("%s may call", async (origin) => {
    const response = await from(origin);
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("vary")).toContain("Origin");
  });

  it.each([
    "https://evil.example",
    "javascript://localhost",
    "chrome-extension://localhost",
    "https://mcp.example.evil.example",
    "https://mcp.example:444",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "null",
    "file://",
    "garbage",
    "",
    "https://mcp.example, http://localhost",
  ])("%j may not, with a token or without", async (origin) => {
    const auth = new TableAuth({ realm: "test" });
    for (const token of [good, "nobody"]) {
      const response = await from(origin, { auth }, token);
      expect(response.status).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(response.headers.get("www-authenticate")).toBeNull();
    }
    expect(auth.seen).toEqual([]);
  });
});

it("allowedOrigins names pages exactly", async () => {
  const options = { allowedOrigins: ["https://app.example"] };
  expect((await from("https://app.example", options)).status).toBe(200);
  for (const origin of ["http://app.example", "https://app.example:8443", "http://mcp.example", "http://localhost"]) {
    expect((await from(origin, options)).status).toBe(403);
  }
});

it('allowedOrigins "*" lets every page call, and never with cookies', async () => {
  const response = await from("https://anyone.example", { allowedOrigins: "*" });
  expect(response.status).toBe(200);
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(response.headers.get("access-control-allow-credentials")).toBeNull();
});

it.each(["https://app.example/", "app.example", "https://app.example/path", "*"])(
  "allowedOrigins refuses %j",
  (origin) => {
    expect(() => tableServer({ allowedOrigins: [origin] })).toThrow(
      expect.objectContaining({ code: "config_invalid" }),
    );
  },
);

it.each([good, "nobody", "unscoped", "throws"])("a page may read the answer to %s and its challenge", async (token) => {
  const response = await from("http://localhost:5173", {}, token);
  expect(response.headers.get("access-control-expose-headers")).toBe(
    "WWW-Authenticate, Retry-After, MCP-Session-Id, MCP-Protocol-Version",
  );
  expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
});

describe("a preflight", () => {
  const preflight = (headers: Record<string, string>, path = "/mcp"): Promise<Response> =>
    tableServer().fetch(new Request(`http://mcp.example${path}`, { method: "OPTIONS", headers }));

  it.each(["/mcp", "/anything"])("is answered before the gate: %s", async (path) => {
    const asked = "authorization,content-type,mcp-protocol-version,mcp-param-city";
    const response = await preflight(
      {
        Origin: "http://localhost:5173",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
      },
      path,
    );
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toEqual({
      "access-control-allow-origin": "http://localhost:5173",
      "access-control-allow-methods": "GET, POST, DELETE",
      "access-control-allow-headers": asked,
      "access-control-max-age": "7200",
      vary: "Origin",
    });
  });

  it("from elsewhere is refused", async () => {
    const response = await preflight({ Origin: "https://evil.example", "Access-Control-Request-Method": "POST" });
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("does not echo what is no list of names", async () => {
    const response = await preflight({
      Origin: "http://localhost",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "x".repeat(3_000),
    });
    expect(response.headers.get("access-control-allow-headers")).toContain("Authorization, Content-Type");
  });

  it("is nothing else: OPTIONS without an origin or a method goes through the gate", async () => {
    expect((await preflight({ "Access-Control-Request-Method": "POST" })).status).toBe(401);
    expect((await preflight({ Origin: "http://localhost" })).status).toBe(401);
  });
});

describe("the Host of a server that listens on loopback", () => {
  let listening: Listening;
  beforeAll(async () => {
    listening = await tableServer().listen(0);
  });
  afterAll(() => listening.close());
  const withHost = async (host: string): Promise<number> =>
    parse(
      await exchange(
        listening.port,
        `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nAuthorization: Bearer ${good}\r\n\r\n`,
      ),
    ).status;

  it.each(["127.0.0.1", "127.0.0.1:1", "localhost:8000", "LOCALHOST", "[::1]:8000"])("%s is its own", async (host) => {
    expect(await withHost(host)).toBe(405);
  });

  it.each([
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "169.254.169.254",
    "a b",
    "@127.0.0.1@evil",
  ])("%s is not (DNS rebinding)", async (host) => {
    expect(await withHost(host)).toBe(403);
  });

  it("a rebound page is refused, whatever it says its origin is", async () => {
    const text = `POST /mcp HTTP/1.1\r\nHost: evil.example:${listening.port}\r\nOrigin: http://evil.example:${listening.port}\r\nConnection: close\r\n\r\n`;
    expect(parse(await exchange(listening.port, text)).status).toBe(403);
  });

  it("two Origin headers are not one", async () => {
    const lines = ["Origin: http://localhost", "Origin: http://localhost"];
    expect((await request(listening.port, "/mcp", lines)).status).toBe(403);
  });

  it("allowedHosts replaces the names", async () => {
    const named = await tableServer({ allowedHosts: ["mcp.example"] }).listen(0);
    const host = async (name: string): Promise<number> =>
      parse(await exchange(named.port, `GET /mcp HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)).status;
    expect(await host("mcp.example:8080")).toBe(401);
    expect(await host("127.0.0.1")).toBe(403);
    await named.close();
  });
});
