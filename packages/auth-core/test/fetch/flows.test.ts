/** Any object with an authFlow runs on the same driver: design §4, STEP-05. */
import { describe, expect, it, vi } from "vitest";
import { type Auth, createAuthFetch } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start, wants } from "../support/start.ts";

describe("flows", () => {
  it("may retry, with the body sent whole each time and the earlier answer cancelled", async () => {
    const server = await start(wants("third"));
    const statuses: number[] = [];
    const cancelled: boolean[] = [];
    const auth: Auth = {
      async *authFlow(request) {
        let last: Response | undefined;
        for (const token of ["first", "second", "third"]) {
          request.headers.set("authorization", `Bearer ${token}`);
          const response: Response = yield request;
          if (last !== undefined) cancelled.push(last.bodyUsed);
          last = response;
          statuses.push(response.status);
        }
      },
    };
    const response = await createAuthFetch(auth)(server.url, { method: "POST", body: "again" });
    expect(response.bodyUsed).toBe(false);
    expect(await response.text()).toBe("status 200");
    expect(statuses).toEqual([401, 401, 200]);
    expect(cancelled).toEqual([true, true]);
    expect(server.requests.map(({ body }) => body)).toEqual(["again", "again", "again"]);
  });

  it("may yield requests of their own, with the body they were given", async () => {
    const server = await start();
    const auth: Auth = {
      async *authFlow(request) {
        const signed = new Request(request.clone(), {
          headers: { "x-length": `${(await request.clone().text()).length}` },
        });
        yield signed;
        yield new Request(`${request.url}again`, request);
      },
    };
    await createAuthFetch(auth)(`${server.url}/`, { method: "POST", body: "12345" });
    expect(server.requests.map(({ url, body, headers }) => [url, body, headers["x-length"]])).toEqual([
      ["/", "12345", "5"],
      ["/again", "12345", undefined],
    ]);
  });

  it("may read the body they are given", async () => {
    const server = await start();
    const auth: Auth = {
      async *authFlow(request) {
        request.headers.set("x-digest", (await request.text()).toUpperCase());
        yield request;
      },
    };
    await createAuthFetch(auth)(server.url, { method: "POST", body: "abc" });
    expect(server.requests[0]).toMatchObject({ body: "abc", headers: { "x-digest": "ABC" } });
  });

  it("that say they need no body are given none, and it is sent all the same", async () => {
    const server = await start(wants("second"));
    const seen: (string | null)[] = [];
    const auth: Auth = {
      needsBody: false,
      async *authFlow(request) {
        for (const token of ["first", "second"]) {
          seen.push(await request.clone().text(), request.headers.get("content-type"));
          request.headers.set("authorization", `Bearer ${token}`);
          yield request;
        }
      },
    };
    const response = await createAuthFetch(auth)(server.url, { method: "POST", body: "again" });
    expect(response.status).toBe(200);
    expect(seen).toEqual(["", "text/plain;charset=UTF-8", "", "text/plain;charset=UTF-8"]);
    expect(server.requests.map(({ body }) => body)).toEqual(["again", "again"]);
  });

  it("that say they need no body lose none in a request of their own, and send none to another origin", async () => {
    const [server, other] = [await start(), await start()];
    const auth: Auth = {
      needsBody: false,
      async *authFlow(request) {
        yield new Request(other.url, { method: "POST", headers: { "x-own": "1" } });
        yield new Request(request, { headers: { "x-own": "2" } });
      },
    };
    await createAuthFetch(auth)(server.url, { method: "POST", body: "whole" });
    expect(other.requests.map(({ body }) => body)).toEqual([""]);
    expect(server.requests.map(({ body, headers }) => [body, headers["x-own"]])).toEqual([["whole", "2"]]);
  });

  it("are stopped when they never end", async () => {
    const server = await start((_, response) => void response.writeHead(401).end());
    const ended = vi.fn();
    const auth: Auth = {
      async *authFlow(request) {
        try {
          for (;;) yield request;
        } finally {
          ended();
        }
      },
    };
    expect(await failureOf(createAuthFetch(auth)(server.url))).toMatchObject({ code: "unauthorized" });
    expect(server.requests).toHaveLength(20);
    expect(ended).toHaveBeenCalledOnce();
  });

  it("are closed when the network fails", async () => {
    const server = await start();
    await server.close();
    const ended = vi.fn();
    const auth: Auth = {
      async *authFlow(request) {
        try {
          yield request;
        } finally {
          ended();
        }
      },
    };
    await expect(createAuthFetch(auth)(server.url)).rejects.toThrow(TypeError);
    expect(ended).toHaveBeenCalledOnce();
  });

  it("pass on what they throw, and the answer before it is cancelled", async () => {
    const server = await start();
    const thrown = new Error("no token today");
    let seen: Response | undefined;
    const auth: Auth = {
      async *authFlow(request) {
        seen = yield request;
        throw thrown;
      },
    };
    await expect(createAuthFetch(auth)(server.url)).rejects.toBe(thrown);
    expect(seen?.bodyUsed).toBe(true);
  });

  it.each<[string, Auth]>([
    ["gives no generator", { authFlow: async () => {} } as unknown as Auth],
    ["yields nothing", { async *authFlow() {} }],
    [
      "yields no Request",
      {
        async *authFlow() {
          yield "https://a.example" as unknown as Request;
        },
      },
    ],
    [
      "yields a Request whose body is used",
      {
        async *authFlow() {
          const own = new Request("http://127.0.0.1:1/", { method: "POST", body: "a" });
          await own.text();
          yield own;
        },
      },
    ],
  ])("that %s end with a clear error", async (_, auth) => {
    expect(await failureOf(createAuthFetch(auth)("http://127.0.0.1:1/"))).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("authFlow"),
    });
  });

  it("refuses what is neither a scheme nor a function", async () => {
    expect(await failureOf(() => createAuthFetch({ type: "bearer" } as unknown as Auth))).toMatchObject({
      code: "config_invalid",
    });
  });
});

describe("functions as auth (pain 19, langchain-ai/langchain-mcp-adapters#194)", () => {
  it.each<[string, Parameters<typeof createAuthFetch>[0]]>([
    ["changes headers", (request) => request.headers.set("x-key", "k")],
    ["changes headers later", async (request) => request.headers.set("x-key", "k")],
    ["returns headers", () => new Headers({ "x-key": "k" })],
    ["returns pairs", async () => [["x-key", "k"]]],
    ["returns a request", (request) => new Request(request, { headers: { "x-key": "k" } })],
  ])("one that %s", async (_, auth) => {
    const server = await start();
    await createAuthFetch(auth)(server.url, { method: "POST", body: "b" });
    expect(server.requests[0]).toMatchObject({ body: "b", headers: { "x-key": "k" } });
  });

  it("are asked once per request", async () => {
    const server = await start();
    const auth = vi.fn(() => ({ "x-key": "k" }));
    const fetch = createAuthFetch(auth);
    await fetch(server.url);
    await fetch(server.url);
    expect(auth).toHaveBeenCalledTimes(2);
  });
});
