/**
 * The clients that people use, over real HTTP: SDK 2.x negotiating and in legacy mode, and SDK 1.x. Each reads the refusals
 * of the response table for what they are.
 */
import { Client, SdkHttpError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import {
  StreamableHTTPError,
  StreamableHTTPClientTransport as TransportV1,
} from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Listening } from "../../src/index.ts";
import { good } from "../rows.ts";
import { mailServer, tableServer } from "../servers.ts";

interface Connected {
  call(name: string, args?: Record<string, unknown>): Promise<unknown>;
  version(): string | undefined;
  close(): Promise<void>;
}

const info = { name: "test", version: "1.0.0" };
const authorization = (token: string | undefined): { requestInit: RequestInit } => ({
  requestInit: { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
});

async function connectV2(url: string, token: string | undefined, mode: "auto" | "legacy"): Promise<Connected> {
  const client = new Client(info, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(url), authorization(token));
  await client.connect(transport);
  return {
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })).content,
    version: () => client.getNegotiatedProtocolVersion(),
    close: () => client.close(),
  };
}

async function connectV1(url: string, token: string | undefined): Promise<Connected> {
  const client = new ClientV1(info);
  const transport = new TransportV1(new URL(url), authorization(token));
  // The 1.x class declares its callbacks as accessors, which exactOptionalPropertyTypes does not accept as a Transport.
  await client.connect(transport as Parameters<ClientV1["connect"]>[0]);
  return {
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args }))["content"],
    version: () => transport.protocolVersion,
    close: () => client.close(),
  };
}

const clients = [
  ["SDK 2.x, auto", "2026-07-28", (url: string, token?: string) => connectV2(url, token, "auto")],
  ["SDK 2.x, legacy", "2025-11-25", (url: string, token?: string) => connectV2(url, token, "legacy")],
  ["SDK 1.x", "2025-11-25", (url: string, token?: string) => connectV1(url, token)],
] as const;

let mail: Listening;
let table: Listening;
beforeAll(async () => {
  mail = await mailServer().listen(0);
  table = await tableServer().listen(0);
});
afterAll(async () => {
  await Promise.all([mail.close(), table.close()]);
});

describe.each(clients)("%s", (_, version, connect) => {
  it("calls tools as the caller that the token names", async () => {
    const client = await connect(table.url, good);
    expect(client.version()).toBe(version);
    expect(await client.call("whoami")).toEqual([{ type: "text", text: "Hello ada" }]);
    await client.close();
  });

  it("sees 403 and what is missing, and can call what it may", async () => {
    const client = await connect(mail.url, "ada");
    const failure = await client.call("send", { to: "bob" }).catch((error: unknown) => error);
    expect(status(failure)).toBe(403);
    expect(await client.call("whoami")).toEqual([{ type: "text", text: "Hello ada" }]);
    await client.close();
  });

  it.each([
    [undefined, 401],
    ["nobody", 401],
    ["expired", 401],
    ["unscoped", 403],
    ["throws", 503],
    [`${good}, Bearer ${good}`, 400],
  ])("with the token %j it is refused with %i", async (token, expected) => {
    const failure = await connect(table.url, token).then(
      () => new Error("It connected."),
      (error: unknown) => error,
    );
    expect(status(failure)).toBe(expected);
  });
});

/** The HTTP status behind an error of either SDK line. */
function status(error: unknown): unknown {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof SdkHttpError) return each.status;
    if (each instanceof StreamableHTTPError) return each.code;
    if (each.constructor.name === "UnauthorizedError") return 401;
    if (each.constructor.name === "InsufficientScopeError") return 403;
  }
  return error;
}
