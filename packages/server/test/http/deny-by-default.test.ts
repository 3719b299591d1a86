/**
 * Whatever is not exactly an excluded path goes through the gate, however it is written; and past the gate only the
 * endpoint itself is served.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Listening } from "../../src/index.ts";
import { callTool, post } from "../messages.ts";
import { request } from "../raw-http.ts";
import { good } from "../rows.ts";
import { tableServer } from "../servers.ts";

let listening: Listening;
beforeAll(async () => {
  listening = await tableServer().listen(0);
});
afterAll(() => listening.close());

const excluded = ["/docs", "/inspector", "/health", "/openmcp.json"];
const disguises = [
  "/mcp",
  "/mcp/",
  "/%6dcp",
  "/mc%70",
  "/%2fmcp",
  "//mcp",
  "///mcp",
  "/./mcp",
  "/mcp;x",
  "/mcp;x=/health",
  "/mcp%00",
  "/mcp%20",
  "/mcp.",
  "/MCP",
  "/Mcp",
  "/mcp/health",
  "/mcp/../mcp",
  "/mcp?/health",
  "/mcp#/health",
  "\\mcp",
  "/\\mcp",
  "mcp",
  "*",
  "",
  "/",
  "/health/",
  "//health",
  "/health/../mcp",
  "/health/..;/mcp",
  "/health/%2e%2e/mcp",
  "/health%2f..%2fmcp",
  "/health\\..\\mcp",
  "/health%00",
  "/HEALTH",
  "/%68ealth",
  "/healthz",
  "/docs/../mcp",
  "/docs/x",
  "/docs;x",
  "/docs%3f",
  "http://127.0.0.1/mcp",
  "http://127.0.0.1/health",
  "HTTP://evil.example/health",
  "//127.0.0.1/health",
  "/constructor",
  "/__proto__",
].filter((target) => target !== "");

describe("without a token", () => {
  it.each(disguises)("POST %s answers 401", async (target) => {
    const response = await request(listening.port, target, [], callTool("2025", "whoami"));
    // What Node's parser itself refuses never gets as far as the gate.
    expect([401, 400]).toContain(response.status);
    if (response.status === 400) expect(response.body).toBe("");
    else expect(JSON.parse(response.body).error).toBe("unauthorized");
  });

  it.each(disguises)("GET %s answers 401", async (target) => {
    const { status, body } = await request(listening.port, target, [], { method: "GET" });
    expect([401, 400]).toContain(status);
    if (status === 400) expect(body).toBe("");
  });

  it("the parser refuses no more of them than these", async () => {
    const refused: string[] = [];
    for (const target of disguises) {
      if ((await request(listening.port, target, [], { method: "GET" })).status === 400) refused.push(target);
    }
    expect(refused).toEqual(["\\mcp", "mcp"]);
  });

  it.each(excluded)("GET %s is open", async (path) => {
    const { status } = await request(listening.port, path, [], { method: "GET" });
    expect(status).toBe(path === "/health" ? 200 : 404);
    expect((await request(listening.port, `${path}?x=1`, [], { method: "HEAD" })).status).toBe(status);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE"])("%s /health is not", async (method) => {
    expect((await request(listening.port, "/health", [], { method })).status).toBe(401);
  });

  it.each(["GET", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"])("%s /mcp answers 401", async (method) => {
    expect((await request(listening.port, "/mcp", [], { method })).status).toBe(401);
  });
});

describe("with a token", () => {
  const authorized = [`Authorization: Bearer ${good}`];
  const { headers, body } = callTool("2025", "whoami");
  const lines = [...authorized, `Accept: ${headers["Accept"]}`];

  it.each(["/mcp", "/mcp/", "/mcp?x=1", "/mcp/?x=1"])("POST %s reaches MCP", async (target) => {
    const response = await request(listening.port, target, lines, { body });
    expect(response.status).toBe(200);
    expect(response.body).toContain("Hello ada");
  });

  it.each(disguises.filter((target) => !/^\/mcp(\/?$|\?)/.test(target)))("POST %s finds nothing", async (target) => {
    expect([404, 400]).toContain((await request(listening.port, target, lines, { body })).status);
  });

  it.each(["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"])("%s /mcp is not allowed (STL-04)", async (method) => {
    expect((await request(listening.port, "/mcp", authorized, { method })).status).toBe(405);
  });
});

describe("exclude and path", () => {
  it("change what is open and where MCP is", async () => {
    const server = tableServer({ exclude: ["/status"], path: "/api/mcp" });
    const get = (path: string): Promise<Response> => server.fetch(new Request(`http://127.0.0.1${path}`));
    expect((await get("/status")).status).toBe(404);
    expect((await get("/health")).status).toBe(401);
    expect((await get("/mcp")).status).toBe(401);
    const called = await server.fetch(post("http://127.0.0.1/api/mcp", callTool("2026", "whoami"), good));
    expect(called.status).toBe(200);
    expect((await server.fetch(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), good))).status).toBe(404);
  });

  it.each([
    ["exclude", { exclude: ["/mcp"] }],
    ["exclude", { exclude: ["health"] }],
    ["exclude", { exclude: ["/docs/*?"] }],
    ["exclude", { exclude: ["/docs/../mcp"] }],
    ["exclude", { exclude: ["/%6dcp"] }],
    ["path", { path: "mcp" }],
    ["path", { path: "/mcp/" }],
    ["path", { path: "/a//b" }],
  ])("%s refuses what no request could match: %j", (option, options) => {
    expect(() => tableServer(options)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(`^${option}:`) }),
    );
  });
});
