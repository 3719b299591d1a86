/** Credentials belong to one origin: TOK-10, design §4. */
import { describe, expect, it } from "vitest";
import { type Auth, BearerAuth, createAuth, createAuthFetch } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start, wants } from "../support/start.ts";

describe("where credentials go", () => {
  it("refuses another origin than the one configured, and sends nothing", async () => {
    const [home, other] = [await start(), await start()];
    const fetch = createAuthFetch(new BearerAuth("t-1"), { origin: `${home.url}/mcp` });
    const error = await failureOf(fetch(other.url));
    expect(error).toMatchObject({ code: "redirect_refused" });
    expect(error.message).toContain(home.url);
    expect(error.message).toContain(other.url);
    expect(other.requests).toEqual([]);
    expect((await fetch(home.url)).status).toBe(200);
  });

  it("belongs to the origin of the first request when none is configured", async () => {
    const [home, other] = [await start(), await start()];
    const fetch = createAuthFetch(undefined, { headers: { "X-API-Key": "k-1" } });
    await fetch(home.url);
    expect(await failureOf(fetch(other.url))).toMatchObject({ code: "redirect_refused" });
    expect(other.requests).toEqual([]);
  });

  it("takes 127.0.0.1 and localhost for two origins", async () => {
    const home = await start();
    const fetch = createAuthFetch(new BearerAuth("t-1"), { origin: home.url });
    expect(await failureOf(fetch(home.url.replace("127.0.0.1", "localhost")))).toMatchObject({
      code: "redirect_refused",
    });
  });

  it("goes anywhere when there is nothing to protect", async () => {
    const fetch = createAuthFetch(createAuth({ type: "none" }));
    for (const { url } of [await start(), await start()]) expect((await fetch(url)).status).toBe(200);
  });

  it("lets a scheme ask a token server, but not with what belongs to the origin of the request", async () => {
    const tokens = await start((_, response) => void response.end("fresh"));
    const server = await start(wants("fresh"));
    class Exchange implements Auth {
      leak = false;
      async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
        const headers = this.leak ? request.headers : { Authorization: "Basic YTpi" };
        const answer = yield new Request(tokens.url, { method: "POST", headers, body: "grant" });
        request.headers.set("Authorization", `Bearer ${await answer.clone().text()}`);
        yield request;
      }
    }
    const auth = new Exchange();
    const fetch = createAuthFetch(auth, { headers: { "X-API-Key": "k-1" } });
    expect((await fetch(server.url)).status).toBe(200);
    expect(tokens.requests[0]).toMatchObject({
      method: "POST",
      body: "grant",
      headers: { authorization: "Basic YTpi" },
    });
    expect(tokens.requests[0]?.headers["x-api-key"]).toBeUndefined();

    auth.leak = true;
    expect(await failureOf(fetch(server.url))).toMatchObject({ code: "redirect_refused" });
    expect(tokens.requests).toHaveLength(1);
  });

  it("refuses an auth function that turns to another origin", async () => {
    const [home, other] = [await start(), await start()];
    const fetch = createAuthFetch((request) => new Request(other.url, request));
    expect(await failureOf(fetch(home.url))).toMatchObject({ code: "redirect_refused" });
    expect(other.requests).toEqual([]);
  });

  it.each([
    ["a user name and password in the URL", () => createAuthFetch(undefined)("http://ana:horse@127.0.0.1/")],
    ["an origin that is no URL", () => createAuthFetch(undefined, { origin: "api.example.com" })],
    ["an origin without an origin", () => createAuthFetch(undefined, { origin: "mailto:a@b" })],
  ])("refuses %s", async (_, run) => {
    const error = await failureOf(run);
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(error.message).not.toContain("horse");
  });
});
