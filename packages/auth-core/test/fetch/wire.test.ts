/** Every way to configure one credential sends the same bytes (issue 2; pains 16 and 17). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ApiKeyAuth,
  type AuthFetch,
  type AuthFetchOptions,
  type AuthSetting,
  BearerAuth,
  createAuth,
  createAuthFetch,
  MultiHeaderAuth,
  parseServerConfig,
} from "../../src/index.ts";
import { type RawServer, rawServer } from "../support/raw-server.ts";

let server: RawServer;
beforeAll(async () => {
  server = await rawServer();
});
afterAll(() => server.close());

/** What an MCP transport sends. */
const message = {
  method: "POST",
  headers: {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2025-11-25",
  },
  body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
};

async function bytesOf(fetch: AuthFetch): Promise<string> {
  await fetch(`${server.url}/mcp`, message);
  return server.requests.at(-1) ?? "";
}

function configured(entry: Record<string, unknown>): AuthFetch {
  const parsed = parseServerConfig({ url: `${server.url}/mcp`, ...entry });
  if (parsed.kind !== "http") throw new Error("an HTTP server was configured");
  return createAuthFetch(parsed.auth && createAuth(parsed.auth), { headers: parsed.headers });
}

const made = (auth: AuthSetting | undefined, headers?: AuthFetchOptions["headers"]): AuthFetch =>
  createAuthFetch(auth && createAuth(auth), { headers });

describe("the bytes on the wire", () => {
  it("are those of a bare fetch with the header", async () => {
    const bare = await bytesOf((url, init) =>
      fetch(url, { ...init, headers: [...Object.entries(message.headers), ["Authorization", "Bearer sk-1"]] }),
    );
    expect(await bytesOf(createAuthFetch(new BearerAuth("sk-1")))).toBe(bare);
    expect(bare.match(/^authorization:.*$/gim)).toEqual(["Authorization: Bearer sk-1"]);
  });

  it.each([
    ["auth_token", { auth_token: "sk-1" }],
    ["auth as a string", { auth: "sk-1" }],
    ["headers.Authorization", { headers: { Authorization: "Bearer sk-1" } }],
    ["headers.authorization", { headers: { authorization: "Bearer sk-1" } }],
    ["auth of type bearer", { auth: { type: "bearer", token: "sk-1" } }],
    ["two that agree", { authToken: "sk-1", headers: { authorization: "Bearer sk-1" } }],
  ])("are the same for authToken and %s", async (_, entry) => {
    expect(await bytesOf(configured(entry))).toBe(await bytesOf(configured({ authToken: "sk-1" })));
  });

  it.each<[string, AuthSetting]>([
    ["a class", new BearerAuth("sk-1")],
    ["a token from a function", new BearerAuth(async () => "sk-1")],
    ["a function that changes the request", (request) => request.headers.set("Authorization", "Bearer sk-1")],
    ["a function that gives headers", () => ({ Authorization: "Bearer sk-1" })],
    ["several headers", { type: "headers", headers: { Authorization: "Bearer sk-1" } }],
    ["an API key with a prefix", new ApiKeyAuth("sk-1", "authorization", { prefix: "Bearer " })],
  ])("are the same for %s", async (_, auth) => {
    // The header's name in the answer of a function is written in lower case, as `Headers` gives it.
    const normal = (bytes: string): string => bytes.replace("authorization:", "Authorization:");
    expect(normal(await bytesOf(made(auth)))).toBe(await bytesOf(configured({ authToken: "sk-1" })));
  });

  it("do not depend on where Authorization stands among other headers", async () => {
    const before = { Authorization: "Bearer sk-1", "X-API-Version": "2024-01-01" };
    const expected = await bytesOf(made(new BearerAuth("sk-1"), { "X-API-Version": "2024-01-01" }));
    expect(await bytesOf(made(undefined, before))).toBe(expected);
    expect(await bytesOf(made(new MultiHeaderAuth(before)))).toBe(expected);
  });
});
