import { inspect } from "node:util";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import {
  type Guard,
  listen,
  mcpServerV1,
  mcpServerV2,
  requireBearer,
  requireHeader,
  sseServer,
} from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import { sourceOf, type UseMcpOptions } from "../../src/browser/source.ts";
import { initialSnapshot } from "../../src/browser/state.ts";
import { afterwards, connect, settled, start } from "../harness.ts";

/** Lets everything through but one method, which needs a scope (CHL-09). */
function forbid(method: string, scope: string): Guard {
  const headers = { "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"` };
  return (_headers, { body }) => (body.includes(`"method":"${method}"`) ? { status: 403, headers } : undefined);
}

describe("connecting", () => {
  it("goes from discovering to ready, with everything the server has", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection, states } = connect({ url: server.url, authToken: "t-1" });
    expect(connection.getState()).toBe(initialSnapshot);

    const ready = await settled(connection);
    expect(states).toEqual(["discovering", "connecting", "ready"]);
    expect(ready.error).toBeUndefined();
    expect(ready.serverInfo).toMatchObject({ name: "testkit-v2" });
    expect(ready.tools.map((tool) => tool.name)).toContain("add");
    expect(ready.resources.map((resource) => resource.uri)).toContain("notes://readme");
    expect(ready.prompts.map((prompt) => prompt.name)).toEqual(["introduce"]);

    const { callTool, readResource, getPrompt } = connection.actions;
    expect(await callTool("add", { a: 2, b: 40 })).toMatchObject({ content: [{ type: "text", text: "42" }] });
    expect(await readResource("notes://readme")).toMatchObject({ contents: [{ text: "Read me first." }] });
    expect(await getPrompt("introduce", { name: "ada" })).toMatchObject({ messages: [{ role: "user" }] });
  });

  const forms: [name: string, options: Omit<UseMcpOptions, "url">][] = [
    ["authToken", { authToken: "t-1" }],
    ["auth as a text", { auth: "t-1" }],
    ["auth as an entry", { auth: { type: "bearer", token: "t-1" } }],
    ["headers", { headers: { Authorization: "Bearer t-1" } }],
    ["a function that is asked for the token", { authToken: () => "t-1" }],
    ["an auth function", { auth: (request: Request) => request.headers.set("authorization", "Bearer t-1") }],
    ["auth_token, as in a config file", { auth_token: "t-1" } as object],
  ];
  it.each(forms)("authenticates with %s", async (_name, options) => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection } = connect({ url: server.url, ...options });
    expect(await settled(connection)).toMatchObject({ state: "ready", error: undefined });
  });

  it("sends a key in a header of its own", async () => {
    const server = await start(mcpServerV2({ guard: requireHeader("x-api-key", "k-1") }));
    const { connection } = connect({
      url: server.url,
      auth: { type: "apiKey", key: "k-1", name: "X-API-Key", in: "header" },
    });
    expect((await settled(connection)).state).toBe("ready");
  });

  it("speaks to servers of SDK 1.x, over either line, and to older ones", async () => {
    const v1 = await start(mcpServerV1());
    const sse = await start(sseServer());
    for (const options of [
      { url: v1.url },
      { url: v1.url, sdk: sdkV1 },
      { url: v1.url, sdk: async () => sdkV1 },
      { url: sse.url },
    ]) {
      const { connection } = connect(options);
      expect(await settled(connection)).toMatchObject({ state: "ready", serverInfo: { name: "testkit-v1" } });
    }
  });

  it("tells the server the client's name", async () => {
    const server = await start(mcpServerV1());
    const { connection } = connect({ url: server.url, clientName: "Notes" });
    await settled(connection);
    expect(server.requests.some(({ body }) => body.includes('"clientInfo":{"name":"Notes"'))).toBe(true);
  });

  it("shows a list that the server keeps from this person as empty", async () => {
    const server = await start(mcpServerV2({ guard: forbid("prompts/list", "prompts:read") }));
    const { connection } = connect({ url: server.url, authToken: "t-1" });
    const ready = await settled(connection);
    expect(ready).toMatchObject({ state: "ready", prompts: [] });
    expect(ready.tools).not.toEqual([]);
    expect(ready.log.map((entry) => entry.message).join("\n")).toContain("The prompts are missing");
  });
});

it("takes the written-out defaults of signing in: the connection is the same as without them", async () => {
  const server = await start(mcpServerV2());
  const { connection } = connect({ url: server.url, preventAutoAuth: true, useRedirectFlow: false });
  expect(await settled(connection)).toMatchObject({ state: "ready" });
  expect(connection.accepts(sourceOf({ url: server.url }))).toBe(true);
});

describe("failures", () => {
  it("says that a credential is needed when the server wants one (CHL-17)", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection, states } = connect({ url: server.url });
    expect(await settled(connection)).toMatchObject({ state: "failed", error: { code: "authorization_required" } });
    expect(states).toEqual(["discovering", "connecting", "failed"]);
    await expect(connection.actions.authenticate()).rejects.toMatchObject({ code: "auth_unsupported" });
    await expect(connection.actions.signOut()).rejects.toMatchObject({ code: "auth_unsupported" });
    await expect(connection.actions.callTool("echo")).rejects.toMatchObject({ code: "session_closed" });
  });

  it("says that the credential was refused", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { connection } = connect({ url: server.url, authToken: "t-2" });
    expect(await settled(connection)).toMatchObject({ state: "failed", error: { code: "unauthorized" } });
  });

  it("names both possibilities when no answer came, without the query (pain 27)", async () => {
    const server = await start(mcpServerV2());
    await server.close();
    const { connection } = connect({ url: `${server.url}?key=sk-secret-1` });
    expect((await settled(connection)).error).toMatchObject({
      code: "connect_failed",
      message: `No answer from ${server.url} reached this page. Either the server cannot be reached: it is down, the address is wrong, or there is no network. Or it does not allow requests from http://localhost:3000 (CORS): then the server's operator has to allow this origin.`,
    });
  });

  it("says what a secure page may not do", async () => {
    vi.stubGlobal("isSecureContext", true);
    afterwards(() => vi.unstubAllGlobals());
    const unreachable = async (): Promise<never> => {
      throw new TypeError("Failed to fetch");
    };
    const { connection } = connect({ url: "http://mcp.example.com/mcp", fetch: unreachable });
    expect((await settled(connection)).error?.message).toContain("Use the server's https address");
  });

  const wrong: [name: string, options: object, code: string, message: string][] = [
    ["an unknown option", { url: "https://example.com", authTokn: "t" }, "config_invalid", "authToken"],
    ["two tokens that disagree", { url: "https://example.com", authToken: "a", auth: "b" }, "config_conflict", "auth"],
    ["a URL that is none", { url: "example" }, "config_invalid", "url"],
    ["no URL", {}, "config_invalid", ""],
    ["a stdio server", { command: "node" }, "config_invalid", "web page"],
    ["OAuth", { url: "https://example.com", auth: { type: "oauth" } }, "auth_unsupported", ""],
    ["certificates", { url: "https://example.com", tls: { ca: "ca.pem" } }, "auth_unsupported", "tls"],
    ["a proxy", { url: "https://example.com", proxy: "http://127.0.0.1:1" }, "auth_unsupported", "proxy"],
    ["an option of signing in", { url: "https://example.com", callbackUrl: "/cb" }, "auth_unsupported", "callbackUrl"],
    [
      "signing in unasked",
      { url: "https://example.com", preventAutoAuth: false },
      "auth_unsupported",
      "preventAutoAuth",
    ],
    ["a redirect to sign in", { url: "https://example.com", useRedirectFlow: true }, "auth_unsupported", "useRedirect"],
    [
      "a source that a page cannot read",
      { url: "https://example.com", authToken: { env: "T" } },
      "credential_source_failed",
      "",
    ],
  ];
  it.each(wrong)("%s is a failure, and nothing is sent", async (_name, options, code, message) => {
    const fetch = vi.fn();
    const { connection } = connect({ fetch, ...options } as unknown as UseMcpOptions);
    const { error } = await settled(connection);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(message);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("a call that lacks a scope rejects with its name and leaves the connection ready (CHL-09)", async () => {
    const server = await start(mcpServerV2({ guard: forbid("tools/call", "reports:read") }));
    const { connection } = connect({ url: server.url, authToken: "t-1" });
    await settled(connection);
    const call = connection.actions.callTool("echo", { text: "x" });
    await expect(call).rejects.toMatchObject({
      code: "insufficient_scope",
      message: expect.stringContaining("reports:read"),
    });
    expect(connection.getState().state).toBe("ready");
  });
});

describe("secrets", () => {
  const secret = "sk-very-secret-4711";
  /** Everything that a page, a log or an inspector could show of a connection. */
  const shown = async (url: string): Promise<string> => {
    const { connection } = connect({ url, authToken: secret });
    const snapshot = await settled(connection);
    expect(JSON.stringify(snapshot.log)).toContain("Bearer ••••");
    return [JSON.stringify(snapshot), inspect(snapshot, { depth: 10 }), inspect(connection, { depth: 10 })].join("\n");
  };

  it("shows no credential in state, log or error (pain 30)", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer(secret) }));
    const refusing = await start(mcpServerV2({ guard: requireBearer("other") }));
    expect(await shown(server.url)).not.toContain(secret);
    expect(await shown(refusing.url)).not.toContain(secret);
  });

  it("does not repeat a refusal's body", async () => {
    const echoing = await start(
      listen(({ headers }, response) => {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: headers.authorization }));
      }),
    );
    expect(await shown(echoing.url)).not.toContain(secret);
  });
});
