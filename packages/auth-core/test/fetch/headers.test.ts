/** Exactly one source sets a header: pain 17, design §3. */
import { describe, expect, it } from "vitest";
import { BearerAuth, CookieAuth, createAuthFetch, QueryParamAuth } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start } from "../support/start.ts";

describe("one value for a header (pain 17, samanhappy/mcphub#1013)", () => {
  const bearer = new BearerAuth("t-1");

  it.each<[string, Parameters<typeof createAuthFetch>, HeadersInit]>([
    ["the caller and auth", [bearer], { authorization: "Bearer t-2" }],
    ["static headers and auth", [bearer, { headers: { authorization: "Bearer t-2" } }], {}],
    ["the caller and static headers", [undefined, { headers: { "X-API-Key": "k-1" } }], { "x-api-key": "k-2" }],
    ["the caller and a function", [() => ({ "x-api-key": "k-1" })], { "X-API-Key": "k-2" }],
    ["cookies of one name", [new CookieAuth("c-1", "session")], { cookie: "a=b; session=c-2" }],
  ])("is an error when %s differ", async (_, arguments_, headers) => {
    const server = await start();
    const error = await failureOf(createAuthFetch(...arguments_)(server.url, { headers }));
    expect(error).toMatchObject({ code: "config_conflict" });
    expect(error.message).not.toMatch(/[tkc]-[12]/);
    expect(server.requests).toEqual([]);
  });

  it("is an error when the URL and auth differ about a parameter", async () => {
    const server = await start();
    const fetch = createAuthFetch(new QueryParamAuth("k-1", "key"));
    expect(await failureOf(fetch(`${server.url}/?key=k-2`))).toMatchObject({ code: "config_conflict" });
    await fetch(`${server.url}/?key=k-1`);
    expect(server.requests.map(({ url }) => url)).toEqual(["/?key=k-1"]);
  });

  it("is fine when all agree", async () => {
    const server = await start();
    const fetch = createAuthFetch(bearer, { headers: { authorization: "Bearer t-1" } });
    await fetch(server.url, { headers: { AUTHORIZATION: "Bearer t-1" } });
    expect(server.requests[0]?.rawHeaders.filter(([name]) => name.toLowerCase() === "authorization")).toHaveLength(1);
  });

  it("is that of the caller for headers of the protocol", async () => {
    const server = await start();
    const fetch = createAuthFetch(bearer, { headers: { Accept: "text/html", "User-Agent": "mine" } });
    await fetch(server.url, { headers: { accept: "application/json" } });
    expect(server.requests[0]?.headers).toMatchObject({ accept: "application/json", "user-agent": "mine" });
  });

  it("joins cookies of different names", async () => {
    const server = await start();
    await createAuthFetch(new CookieAuth("c-1", "session"))(server.url, { headers: { cookie: "a=b" } });
    expect(server.requests[0]?.headers.cookie).toBe("a=b; session=c-1");
  });

  it("refuses two static headers that differ in case only", async () => {
    const twice = { "X-API-Key": "k-1", "x-api-key": "k-1" };
    expect(await failureOf(() => createAuthFetch(undefined, { headers: twice }))).toMatchObject({
      code: "config_conflict",
    });
  });
});
