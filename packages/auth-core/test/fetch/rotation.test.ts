/** Secrets that change while the process runs: pain 18. */
import { describe, expect, it } from "vitest";
import {
  ApiKeyAuth,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  createAuthFetch,
  QueryParamAuth,
  type SecretReader,
} from "../../src/index.ts";
import { start, wants } from "../support/start.ts";

describe("rotated secrets (pain 18, anthropics/claude-code#53267)", () => {
  const counting = (texts: string[]): SecretReader & { reads: number } => ({
    reads: 0,
    async read() {
      return texts[Math.min(this.reads++, texts.length - 1)] ?? "";
    },
  });

  it("are read again after a 401, once for all requests that were refused", async () => {
    const server = await start(wants("new"));
    const secrets = counting(["old", "new"]);
    const fetch = createAuthFetch(new BearerAuth({ file: "token" }, { secrets }));
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => fetch(server.url, { method: "POST", body: "b" })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(secrets.reads).toBe(2);
    expect((await fetch(server.url)).status).toBe(200);
    expect(secrets.reads).toBe(2);
  });

  it("are read again in static headers too", async () => {
    const server = await start(
      ({ headers }, response) => void response.writeHead(headers["x-api-key"] === "new" ? 200 : 401).end(),
    );
    const secrets = counting(["old", "new"]);
    const fetch = createAuthFetch(undefined, { headers: { "X-API-Key": { env: "KEY" } }, secrets });
    expect((await fetch(server.url, { method: "POST", body: "b" })).status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(["b", "b"]);
  });

  it("that have not changed are not sent again: the 401 is handed over unread", async () => {
    const server = await start(wants("new"));
    const secrets = counting(["old"]);
    const fetch = createAuthFetch(new BearerAuth({ env: "TOKEN" }, { secrets }), {
      headers: { "X-Key": { env: "KEY" } },
      secrets,
    });
    const response = await fetch(server.url);
    expect(await response.text()).toBe("status 401");
    expect(server.requests).toHaveLength(1);
  });

  it("from a function are asked for per request, and once more after a 401", async () => {
    const server = await start(wants("t-3"));
    let asked = 0;
    const fetch = createAuthFetch(new BearerAuth(() => `t-${++asked}`));
    expect((await fetch(server.url)).status).toBe(401);
    expect(asked).toBe(2);
    expect((await fetch(server.url)).status).toBe(200);
    expect(asked).toBe(3);
  });

  it.each([
    ["query parameter", new QueryParamAuth({ env: "K" }, "key", { secrets: counting(["old", "new"]) })],
    ["cookie", new CookieAuth({ env: "K" }, "key", { secrets: counting(["old", "new"]) })],
    ["header", new ApiKeyAuth({ env: "K" }, "key", { secrets: counting(["old", "new"]) })],
    ["password", new BasicAuth("key", { env: "K" }, { secrets: counting(["old", "new"]) })],
  ])("replace the old one in the %s", async (_, auth) => {
    const server = await start(({ url, headers }, response) => {
      const sent = `${url} ${headers.cookie} ${headers["key"]} ${headers.authorization}`;
      response.writeHead(/new|a2V5Om5ldw==/.test(sent) && !sent.includes("old") ? 200 : 401).end();
    });
    const response = await createAuthFetch(auth)(server.url, { method: "POST", body: "twice" });
    expect(response.status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(["twice", "twice"]);
  });
});
