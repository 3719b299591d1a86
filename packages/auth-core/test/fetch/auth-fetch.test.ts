/** What the authenticated fetch sends and hands over: design §4, TOK-01. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { BearerAuth, createAuth, createAuthFetch, QueryParamAuth } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { gate } from "../support/gate.ts";
import { start } from "../support/start.ts";

describe("what is sent", () => {
  it("adds the credential and leaves the rest of the request alone (TOK-01)", async () => {
    const server = await start();
    const fetch = createAuthFetch(new BearerAuth("t-1"), { headers: { "X-Tenant": "t" } });
    const response = await fetch(new URL(`${server.url}/a?b=c`), {
      method: "PUT",
      headers: { "Mcp-Session-Id": "s-1" },
      body: "hello",
    });
    expect(await response.text()).toBe("ok");
    expect(server.requests[0]).toMatchObject({
      method: "PUT",
      url: "/a?b=c",
      body: "hello",
      headers: { authorization: "Bearer t-1", "x-tenant": "t", "mcp-session-id": "s-1" },
    });
  });

  it("sends nothing of its own without auth and for none", async () => {
    const server = await start();
    for (const fetch of [createAuthFetch(undefined), createAuthFetch(createAuth({ type: "none" }))]) {
      await fetch(server.url);
      expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
    }
  });

  it("takes a Request, and init over it", async () => {
    const server = await start();
    const fetch = createAuthFetch(new BearerAuth("t-1"));
    const request = new Request(server.url, { method: "POST", headers: { "x-a": "1" }, body: "from the request" });
    await fetch(request, { headers: { "x-b": "2" } });
    expect(request.bodyUsed).toBe(true);
    expect(server.requests[0]).toMatchObject({ method: "POST", body: "from the request", headers: { "x-b": "2" } });
    expect(server.requests[0]?.headers["x-a"]).toBeUndefined();
    expect(server.requests[0]?.headers["content-length"]).toBe("16");
  });

  it("passes on what only the platform knows", async () => {
    const send = vi.fn(async () => new Response());
    await createAuthFetch(new BearerAuth("t-1"), { fetch: send })("https://a.example/", {
      keepalive: true,
      ...{ dispatcher: "custom" },
    });
    expect(send).toHaveBeenCalledWith(
      "https://a.example/",
      expect.objectContaining({ keepalive: true, dispatcher: "custom" }),
    );
  });

  it("uses the global fetch of the time of the call", async () => {
    const fetch = createAuthFetch(new BearerAuth("t-1"));
    const replaced = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("replaced"));
    onTestFinished(() => replaced.mockRestore());
    expect(await (await fetch("https://a.example/")).text()).toBe("replaced");
    expect(replaced).toHaveBeenCalledOnce();
  });

  it("calls fetch as a plain function, since browsers refuse any other `this`", async () => {
    const seen: unknown[] = [];
    function send(this: unknown): Promise<Response> {
      seen.push(this);
      return Promise.resolve(new Response());
    }
    await createAuthFetch(new BearerAuth("t-1"), { fetch: send })("https://a.example/");
    expect(seen).toEqual([undefined]);
  });

  it("passes network errors on as they are", async () => {
    const server = await start();
    await server.close();
    const direct = await fetch(server.url).catch((error: unknown) => error);
    const error = await createAuthFetch(new BearerAuth("t-1"))(server.url).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toBe(String(direct));
  });
});

describe("the answer", () => {
  it("streams: a chunk is there before the next one is sent", async () => {
    const more = gate();
    const server = await start(async (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      await more.passed;
      response.end("data: 2\n\n");
    });
    const response = await createAuthFetch(new BearerAuth("t-1"))(server.url);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe("data: 1\n\n");
    more.open();
    expect((await reader?.read())?.value).toBe("data: 2\n\n");
  });

  it("tells the URL without the key that was added to it", async () => {
    const server = await start();
    const response = await createAuthFetch(new QueryParamAuth("k-marker", "key"))(`${server.url}/a?b=c`);
    expect(server.requests[0]?.url).toBe("/a?b=c&key=k-marker");
    expect(response.url).toBe(`${server.url}/a?b=c`);
  });

  it("of a network that names the URL in its errors does not tell the key", async () => {
    const send = vi.fn(async (input: string | URL | Request) => {
      throw Object.assign(new TypeError(`error sending request for url (${input})`), { path: String(input) });
    });
    const fetch = createAuthFetch(new QueryParamAuth("k-marker", "key"), { fetch: send });
    const error = await failureOf(fetch("https://a.example/mcp"));
    expect(error).toMatchObject({ code: "connect_failed" });
    expect(`${error.message} ${error.stack}`).not.toContain("k-marker");
  });
});
