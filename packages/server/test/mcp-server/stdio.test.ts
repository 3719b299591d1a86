/**
 * stdio: the credential comes from the environment and is verified before anything is served. Real child processes, and
 * the real clients of both SDK lines.
 */
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { runNode } from "@sallyport/testkit";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MCPServer } from "../../src/index.ts";
import { good } from "../rows.ts";
import { TableAuth, tableServer, verifierSecret } from "../servers.ts";

// Beside the packages that it imports; Node 20 runs no TypeScript.
const outDir = fileURLToPath(new URL("../../node_modules/.stdio-test", import.meta.url));
const script = `${outDir}/stdio-server.js`;
beforeAll(async () => {
  await build({
    config: false,
    entry: [fileURLToPath(new URL("../fixtures/stdio-server.ts", import.meta.url))],
    outDir,
    platform: "node",
    fixedExtension: false,
    dts: false,
    logLevel: "silent",
    noExternal: [/^@sallyport\//],
    inputOptions: { resolve: { conditionNames: ["@sallyport/source", "node", "import", "default"] } },
  });
}, 60_000);
afterAll(() => rm(outDir, { recursive: true, force: true }));

const info = { name: "test", version: "1.0.0" };
const params = (...args: string[]): { command: string; args: string[]; env: Record<string, string> } => ({
  command: process.execPath,
  args: [script, ...args],
  env: { MCP_TOKEN: "t-1" },
});
const text = "text" as const;
const whoami = { name: "whoami", arguments: {} };

describe("a client gets the caller's identity", () => {
  it.each(["auto", "legacy"] as const)("SDK 2.x, %s", async (mode) => {
    const client = new Client(info, { versionNegotiation: { mode } });
    await client.connect(new StdioClientTransport(params("t-1")));
    expect((await client.callTool(whoami)).content).toEqual([{ type: text, text: "Hello ada" }]);
    await client.close();
  });

  it("SDK 1.x", async () => {
    const client = new ClientV1(info);
    await client.connect(new StdioClientTransportV1(params("t-1")));
    expect((await client.callTool(whoami))["content"]).toEqual([{ type: text, text: "Hello ada" }]);
    await client.close();
  });
});

it("a tool beyond the token's scopes does not run", async () => {
  const client = new Client(info, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StdioClientTransport(params("t-1")));
  const { isError, content } = await client.callTool({ name: "send", arguments: {} });
  expect(isError).toBe(true);
  expect(JSON.stringify(content)).toContain("mail.send");
  await client.close();
});

it("a credential that expires ends the calls, not only the start", async () => {
  const client = new Client(info, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StdioClientTransport(params("t-1", "2")));
  await expect
    .poll(async () => JSON.stringify(await client.callTool(whoami)), { timeout: 10_000, interval: 200 })
    .toContain("The credential of this connection has expired");
  await client.close();
}, 15_000);

describe("a credential that is not good enough stops the server before it serves", () => {
  it.each([
    ["missing", {}, "unauthorized: The environment variable MCP_TOKEN is not set or empty"],
    ["empty", { MCP_TOKEN: "" }, "unauthorized: The environment variable MCP_TOKEN is not set or empty"],
    [
      "wrong",
      { MCP_TOKEN: "s3cr3t-wrong" },
      "unauthorized: The credential in the environment variable MCP_TOKEN is invalid",
    ],
  ])("%s", async (_, env, message) => {
    const initialize = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
    const child = runNode(script, ["t-1"], { env, stdin: initialize });
    const { code, stdout, stderr } = await child.finished;
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/s3cr3t|t-1/);
  });

  it.each([
    ["expired", "unauthorized"],
    ["unscoped", "insufficient_scope"],
    ["throws", "temporarily_unavailable"],
    ["hangs", "temporarily_unavailable"],
    ["has blanks", "unauthorized"],
    [`${good}\n`, "unauthorized"],
  ])("%j is %s", async (token, code) => {
    const failure: unknown = await tableServer()
      .stdio({ env: "T", environment: { T: token } })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).not.toContain(verifierSecret);
    expect(String(failure)).toMatch(code === "insufficient_scope" ? /base/ : /\bT\b/);
  });

  it("and so does a variable that nobody has named", async () => {
    const server = new MCPServer({ ...info, auth: new TableAuth() });
    await expect(server.stdio()).rejects.toMatchObject({ code: "config_invalid" });
  });
});
