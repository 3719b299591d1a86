/** Headers from a function, asked per request: pain 19, langchain-ai/langchain-mcp-adapters#194 and #172. */
import { describe, expect, it } from "vitest";
import { BearerAuth, createAuthFetch, type HeadersFunction, SallyportError } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start, wants } from "../support/start.ts";

describe("headers from a function (pain 19)", () => {
  it.each<[string, HeadersFunction]>([
    ["a record", () => ({ "X-Tenant": "t-1", "X-User": "u-1" })],
    ["a promise", async () => ({ "X-Tenant": "t-1", "X-User": "u-1" })],
    ["a Headers object", () => new Headers({ "X-Tenant": "t-1", "X-User": "u-1" })],
    [
      "pairs",
      () => [
        ["X-Tenant", "t-1"],
        ["X-User", "u-1"],
      ],
    ],
  ])("may be %s", async (_, headers) => {
    const server = await start();
    await createAuthFetch(undefined, { headers })(server.url);
    expect(server.requests[0]?.headers).toMatchObject({ "x-tenant": "t-1", "x-user": "u-1" });
  });

  it("are asked for before each request, beside a scheme", async () => {
    const server = await start();
    let asked = 0;
    const fetch = createAuthFetch(new BearerAuth("t-1"), { headers: () => ({ "X-Request": String(++asked) }) });
    await fetch(server.url);
    await fetch(server.url, { method: "POST", body: "b" });
    expect(server.requests.map(({ headers }) => headers["x-request"])).toEqual(["1", "2"]);
    expect(server.requests[1]?.headers.authorization).toBe("Bearer t-1");
  });

  it("are asked for once more after a 401, with the body sent again", async () => {
    const server = await start(wants("t-2"));
    let asked = 0;
    const fetch = createAuthFetch(undefined, { headers: () => ({ authorization: `Bearer t-${++asked}` }) });
    expect((await fetch(server.url, { method: "POST", body: "b" })).status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(["b", "b"]);
  });

  it("that stay the same after a 401 are not sent again", async () => {
    const server = await start(wants("other"));
    const fetch = createAuthFetch(undefined, { headers: () => ({ authorization: "Bearer t-1" }) });
    expect(await (await fetch(server.url)).text()).toBe("status 401");
    expect(server.requests).toHaveLength(1);
  });

  it("belong to one origin", async () => {
    const [home, other] = [await start(), await start()];
    const fetch = createAuthFetch(undefined, { headers: () => ({ "X-Tenant": "t-1" }), origin: home.url });
    expect(await failureOf(fetch(other.url))).toMatchObject({ code: "redirect_refused" });
    expect(other.requests).toEqual([]);
  });

  it.each<[string, HeadersFunction, HeadersInit]>([
    ["auth", () => ({ AUTHORIZATION: "Bearer t-2" }), {}],
    ["the caller", () => ({ "X-Tenant": "t-2" }), { "x-tenant": "t-1" }],
    ["themselves", () => ({ "X-Tenant": "t-1", "x-tenant": "t-1" }), {}],
  ])("that conflict with %s are refused before anything is sent", async (_, headers, own) => {
    const server = await start();
    const error = await failureOf(createAuthFetch(new BearerAuth("t-1"), { headers })(server.url, { headers: own }));
    expect(error).toMatchObject({ code: "config_conflict" });
    expect(error.message).not.toMatch(/t-[12]/);
    expect(server.requests).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["a text", () => "Bearer s3cr3t"],
    ["no text", () => ({ "X-Key": undefined })],
    ["a source", () => ({ "X-Key": { env: "KEY" } })],
    ["a line break", () => ({ "X-Key": "s3cr3t\r\nX-Other: 1" })],
    [
      "an error",
      () => {
        throw new TypeError("no network");
      },
    ],
  ])("fail with credential_source_failed when the function gives %s", async (_, headers) => {
    const server = await start();
    const error = await failureOf(createAuthFetch(undefined, { headers: headers as HeadersFunction })(server.url));
    expect(error).toMatchObject({ code: "credential_source_failed" });
    expect(error.message).not.toContain("s3cr3t");
    expect(server.requests).toEqual([]);
  });

  it("fail with the function's own SallyportError", async () => {
    const own = new SallyportError("authorization_required", "Sign in first.");
    const fetch = createAuthFetch(undefined, { headers: () => Promise.reject(own) });
    expect(await failureOf(fetch("http://127.0.0.1:9/"))).toBe(own);
  });

  it("leave an aborted call alone, however long the function takes", async () => {
    const controller = new AbortController();
    const fetch = createAuthFetch(undefined, {
      headers: () => {
        controller.abort(new Error("enough"));
        return new Promise(() => {});
      },
    });
    await expect(fetch("http://127.0.0.1:9/", { signal: controller.signal })).rejects.toThrow("enough");
  });
});
