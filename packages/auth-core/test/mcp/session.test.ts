/**
 * One session, the same over both SDK lines and every kind of server they can talk to.
 */
import { requireBearer, requireHeader } from "@sallyport/testkit";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { McpRequestError } from "../../src/mcp/failures.ts";
import { apiKey, bearer, pairs, running, session } from "./sessions.ts";

describe.each(pairs)("$name", ({ sdk, kind }) => {
  it("connects with a bearer token and tells what the server is", async () => {
    const server = await running(kind.start(requireBearer("demo-token")));
    const client = session(server.url, { sdk }, { auth: bearer });
    expect(client.serverInfo).toBeUndefined();
    expect(await client.connect()).toBe(client);
    expect(client.getState()).toEqual({ status: "ready" });
    expect(client.serverInfo?.name).toMatch(/^testkit-v[12]$/);
    expect(client.instructions).toBe("For tests only.");
    expect(client.capabilities?.tools).toBeDefined();
    expect(client.protocolVersion).toBe(kind.protocolVersion(sdk));
    expect(client.transport).toBe(kind.transport);
    expect(client.raw).toHaveProperty("callTool");
    for (const { headers } of server.requests) expect(headers.authorization).toBe("Bearer demo-token");
  });

  it("does every kind of request with an API key", async () => {
    const server = await running(kind.start(requireHeader("X-API-Key", "demo-key")));
    const client = session(server.url, { sdk }, { auth: apiKey });
    const tools = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["echo", "add", "count", "fail", "wait"]);
    expect((await client.callTool("echo", { text: "ä€😀" })).content).toEqual([{ type: "text", text: "ä€😀" }]);
    expect((await client.callTool("add", { a: 1.5, b: -2 })).content).toEqual([{ type: "text", text: "-0.5" }]);
    expect((await client.listResources()).map(({ uri }) => uri)).toEqual(["notes://readme", "notes://changes"]);
    expect((await client.listResourceTemplates()).map(({ uriTemplate }) => uriTemplate)).toEqual([
      "greetings://{name}",
    ]);
    expect((await client.readResource("greetings://ada")).contents[0]).toMatchObject({ text: "Hello, ada." });
    expect((await client.listPrompts()).map(({ name }) => name)).toEqual(["introduce"]);
    const prompt = await client.getPrompt("introduce", { name: "grace" });
    expect(prompt.messages[0]?.content).toMatchObject({ text: "Introduce grace to the others." });
    const completion = await client.complete({ type: "ref/prompt", name: "introduce" }, { name: "name", value: "a" });
    expect(completion.completion.values).toEqual(["ada", "alan"]);
  });

  it("reports progress", async () => {
    const server = await running(kind.start());
    const client = session(server.url, { sdk });
    const reports: number[] = [];
    const onProgress = vi.fn(({ progress }: { progress: number }) => void reports.push(progress));
    const result = await client.callTool("count", { to: 5 }, { onProgress });
    expect(result.content).toEqual([{ type: "text", text: "counted to 5" }]);
    expect(reports).toEqual([1, 2, 3, 4, 5]);
    expect(onProgress.mock.calls[0]?.[0]).toMatchObject({ total: 5, message: "counted 1" });
  });

  it("runs many calls at once without a warning, each with its own answer", async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listener);
    onTestFinished(() => void process.off("warning", listener));
    const server = await running(kind.start());
    const client = session(server.url, { sdk });
    const { signal } = new AbortController();
    const texts = Array.from({ length: 40 }, (_, index) => `call ${index}`);
    const results = await Promise.all(texts.map((text) => client.callTool("echo", { text }, { signal })));
    expect(results.map(({ content }) => content)).toEqual(texts.map((text) => [{ type: "text", text }]));
    // Node gives warnings a moment later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  it("tells a tool that failed from a request that failed", async () => {
    const server = await running(kind.start());
    const client = session(server.url, { sdk });
    expect(await client.callTool("fail")).toMatchObject({
      isError: true,
      content: [{ type: "text", text: "this tool always fails" }],
    });
    const error = await client.readResource("notes://missing").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(McpRequestError);
    expect(error).toMatchObject({ code: "request_failed", cause: expect.any(Error) });
    expect((error as McpRequestError).rpcCode).toBeLessThan(-32_000);
    expect((error as Error).message).toContain("notes://missing");
    expect(client.getState().status).toBe("ready");
  });

  it("gives a request up when its caller does, and goes on", async () => {
    const server = await running(kind.start());
    const client = session(server.url, { sdk });
    await client.connect();
    const giveUp = new AbortController();
    const waiting = client.callTool("wait", {}, { signal: giveUp.signal });
    const isCall = ({ body }: { body: string }) => body.includes('"wait"');
    await vi.waitFor(() => expect(server.requests.some(isCall)).toBe(true));
    const reason = new Error("changed my mind");
    giveUp.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    if (kind.transport === "http") {
      // The HTTP request itself ends, which the SDKs do not see to for the 2025 protocols.
      await vi.waitFor(() => expect(server.requests.find(isCall)?.abandoned).toBe(true));
    } else {
      await vi.waitFor(() => expect(server.requests.at(-1)?.body).toContain("notifications/cancelled"));
    }
    expect((await client.callTool("echo", { text: "still here" })).content).toHaveLength(1);
    await expect(client.callTool("echo", { text: "" }, { signal: giveUp.signal })).rejects.toBe(reason);
  });

  it("gives a request up when its time is over", async () => {
    const server = await running(kind.start());
    const client = session(server.url, { sdk });
    await client.connect();
    await expect(client.callTool("wait", {}, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "request_timeout",
      message: expect.stringContaining('tools/call "wait" within 50 ms'),
    });
    expect(client.getState().status).toBe("ready");
  });

  it("rejects what is under way when it is closed, and everything after", async () => {
    const server = await running(kind.start());
    const client = session(server.url, { sdk });
    await client.connect();
    const waiting = client.callTool("wait").catch((thrown: unknown) => thrown);
    await vi.waitFor(() => expect(server.requests.some(({ body }) => body.includes('"wait"'))).toBe(true));
    const closing = client.close();
    expect(client.close()).toBe(closing);
    expect(await waiting).toMatchObject({ code: "session_closed" });
    await closing;
    expect(client.getState()).toEqual({ status: "closed" });
    await expect(client.listTools()).rejects.toMatchObject({ code: "session_closed" });
    await expect(client.connect()).rejects.toMatchObject({ code: "session_closed" });
  });

  it("hears of changed lists", async ({ skip }) => {
    if (!kind.notifies(sdk)) skip("this pair has no stream for notifications");
    const server = await running(kind.start());
    const onListChanged = vi.fn();
    await session(server.url, { sdk, onListChanged }).connect();
    await vi.waitFor(async () => {
      // Over 2025 protocols the stream opens on its own time.
      await server.notifyToolsChanged();
      expect(onListChanged).toHaveBeenCalledWith("tools");
    });
  });

  it("says that a credential is required, and that one is refused", async () => {
    const server = await running(kind.start(requireBearer("another-token")));
    const anonymous = session(server.url, { sdk });
    const required = await anonymous.connect().catch((thrown: unknown) => thrown);
    expect(required).toMatchObject({ code: "authorization_required" });
    expect(anonymous.getState()).toEqual({ status: "failed", error: required });
    const refused = session(server.url, { sdk, name: "api" }, { auth: bearer });
    await expect(refused.listTools()).rejects.toMatchObject({
      code: "unauthorized",
      message: expect.stringContaining(`"api" (${server.url})`),
    });
  });
});
