/** Redirects: TOK-10, SSR-04, issue 2 "credentials never follow a redirect to another origin, whichever header carries them". */
import type { RecordedRequest } from "@sallyport/testkit";
import { describe, expect, it, vi } from "vitest";
import {
  ApiKeyAuth,
  type Auth,
  type AuthEvent,
  type AuthFunction,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  createAuthFetch,
  isSecurityRefusal,
  MultiHeaderAuth,
  QueryParamAuth,
} from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { start } from "../support/start.ts";

/** A server whose path `/<status>` redirects with that status. */
const redirecting = (to: (request: RecordedRequest) => string) =>
  start((request, response) => {
    const status = Number(/^\/(3\d\d)/.exec(request.url)?.[1] ?? 200);
    response.writeHead(status, status === 200 ? {} : { location: to(request) }).end(`was ${request.method}`);
  });

describe("to another origin", () => {
  const credentials: [string, Auth | AuthFunction | undefined, Record<string, string>, HeadersInit][] = [
    ["a bearer token", new BearerAuth("c-marker"), {}, {}],
    ["a password", new BasicAuth("u", "c-marker"), {}, {}],
    ["an API key", new ApiKeyAuth("c-marker"), {}, {}],
    ["a key in a custom header", new ApiKeyAuth("c-marker", "X-Team"), {}, {}],
    ["a cookie", new CookieAuth("c-marker", "session"), {}, {}],
    ["a query parameter", new QueryParamAuth("c-marker", "key"), {}, {}],
    ["several headers", new MultiHeaderAuth({ "X-A": "c-marker", "X-B": "c-marker" }), {}, {}],
    ["a function", () => ({ "X-A": "c-marker" }), {}, {}],
    ["a static header", undefined, { "X-A": "c-marker" }, {}],
    ["a header of the caller", undefined, {}, { "X-A": "c-marker" }],
    ["a session id of the caller", undefined, {}, { "Mcp-Session-Id": "c-marker" }],
  ];

  it.each(credentials)("never takes %s along", async (_, auth, headers, own) => {
    const other = await start();
    const home = await redirecting(() => `${other.url}/elsewhere?code=r-marker`);
    const events: AuthEvent[] = [];
    const fetch = createAuthFetch(auth, { headers, onEvent: (event) => events.push(event) });
    for (const status of [301, 302, 303, 307, 308]) {
      const error = await failureOf(fetch(`${home.url}/${status}`, { method: "POST", headers: own, body: "b" }));
      expect(error.code).toBe("redirect_refused");
      expect(isSecurityRefusal(error)).toBe(true);
      expect(error.message).toContain(home.url);
      expect(error.message).toContain(other.url);
      expect(`${error.stack}${JSON.stringify(error)}`).not.toContain("marker");
    }
    expect(other.requests).toEqual([]);
    expect(events.at(-1)).toEqual({
      type: "redirect",
      status: 308,
      from: `${home.url}/308`,
      to: `${other.url}/elsewhere?code=••••`,
      followed: false,
    });
    expect(JSON.stringify(events)).not.toContain("marker");
  });

  it("is refused at the second hop too", async () => {
    const other = await start();
    const home = await redirecting(({ url }) => (url === "/307" ? "/308" : other.url));
    expect((await failureOf(createAuthFetch(new BearerAuth("t"))(`${home.url}/307`))).code).toBe("redirect_refused");
    expect(other.requests).toEqual([]);
  });

  it("counts another port, host or scheme as another origin", async () => {
    for (const to of [
      "http://localhost:PORT/",
      "https://127.0.0.1:PORT/",
      "http://127.0.0.1:1/",
      "//127.0.0.2:PORT/",
    ]) {
      const home = await redirecting(({ headers }) => to.replace("PORT", headers.host?.split(":")[1] ?? ""));
      expect((await failureOf(createAuthFetch(new BearerAuth("t"))(`${home.url}/307`))).code).toBe("redirect_refused");
      expect(home.requests).toHaveLength(1);
    }
  });

  it("is followed when nothing goes along that the other origin may not see", async () => {
    const other = await start();
    const home = await redirecting(() => `${other.url}/moved`);
    const response = await createAuthFetch(undefined)(`${home.url}/307`, {
      method: "POST",
      headers: { accept: "application/json", "mcp-protocol-version": "2025-11-25" },
      body: "b",
    });
    expect(response).toMatchObject({ status: 200, redirected: true, url: `${other.url}/moved` });
    expect(other.requests[0]).toMatchObject({
      method: "POST",
      body: "b",
      headers: { "mcp-protocol-version": "2025-11-25" },
    });
  });

  it("is refused from https to http even without credentials", async () => {
    const send = vi.fn(async () => new Response(null, { status: 308, headers: { location: "http://a.example/" } }));
    const error = await failureOf(createAuthFetch(undefined, { fetch: send })("https://a.example/"));
    expect(error.message).toContain("in the clear");
    expect(send).toHaveBeenCalledOnce();
  });

  it.each([
    "file:///etc/passwd",
    "data:text/plain,x",
    "javascript:alert(1)",
    "http://u:p-marker@HOST/",
    "http://[",
    "https://",
  ])("is refused for %s", async (to) => {
    const home = await redirecting(({ headers }) => to.replace("HOST", headers.host ?? ""));
    const error = await failureOf(createAuthFetch(undefined)(`${home.url}/302`));
    expect(error.code).toBe("redirect_refused");
    expect(error.message).not.toContain("marker");
  });
});

describe("within the origin", () => {
  it.each([
    [301, "POST", "POST", "b"],
    [302, "POST", "POST", "b"],
    [303, "POST", "GET", ""],
    [303, "HEAD", "HEAD", ""],
    [307, "POST", "POST", "b"],
    [308, "PUT", "PUT", "b"],
  ])("%i repeats %s as %s, with the credential", async (status, method, then, body) => {
    const home = await redirecting(() => "/next/");
    const fetch = createAuthFetch(new BearerAuth("t-1"), { headers: { "X-A": "a" } });
    const response = await fetch(`${home.url}/${status}`, {
      method,
      ...(method === "HEAD" ? {} : { body: "b", headers: { "content-type": "text/x", "x-own": "o" } }),
    });
    expect(response).toMatchObject({ status: 200, redirected: true, url: `${home.url}/next/` });
    expect(home.requests[1]).toMatchObject({
      method: then,
      url: "/next/",
      body,
      headers: { authorization: "Bearer t-1", "x-a": "a", ...(method === "HEAD" ? {} : { "x-own": "o" }) },
    });
    expect(home.requests[1]?.headers["content-type"]).toBe(body === "" ? undefined : "text/x");
  });

  it("adds a key to the query again, once", async () => {
    const home = await redirecting(({ url }) => url.replace("/307", "/next/"));
    await createAuthFetch(new QueryParamAuth("k", "key"))(`${home.url}/307?a=b`);
    await createAuthFetch(new QueryParamAuth("k", "key"))(`${home.url}/307/plain`);
    expect(home.requests.map(({ url }) => url)).toEqual([
      "/307?a=b&key=k",
      "/next/?a=b&key=k",
      "/307/plain?key=k",
      "/next//plain?key=k",
    ]);
  });

  it("makes a new signature for the new URL", async () => {
    const home = await redirecting(() => "/next");
    const ended = vi.fn();
    const auth: Auth = {
      async *authFlow(request) {
        try {
          request.headers.set("x-signature", new URL(request.url).pathname);
          yield request;
        } finally {
          ended();
        }
      },
    };
    await createAuthFetch(auth)(`${home.url}/307`);
    expect(home.requests.map(({ headers }) => headers["x-signature"])).toEqual(["/307", "/next"]);
    expect(ended).toHaveBeenCalledTimes(2);
  });

  it("is followed ten times and not once more", async () => {
    const loop = await redirecting(() => "/307");
    const error = await failureOf(
      createAuthFetch(new BearerAuth("t"))(`${loop.url}/307`, { method: "POST", body: "b" }),
    );
    expect(error.code).toBe("redirect_refused");
    expect(loop.requests).toHaveLength(11);

    let left = 10;
    const chain = await redirecting(() => (--left > 0 ? "/307" : "/end"));
    expect((await createAuthFetch(new BearerAuth("t"))(`${chain.url}/307`)).status).toBe(200);
  });

  it.each([
    ["without a Location", 302, {}],
    ["that only says what is not modified", 304, { location: "/x" }],
    ["with a choice", 300, { location: "/x" }],
  ])("hands over an answer %s as it is", async (_, status, headers) => {
    const home = await start((_request, response) => void response.writeHead(status, headers).end());
    expect((await createAuthFetch(new BearerAuth("t"))(home.url)).status).toBe(status);
    expect(home.requests).toHaveLength(1);
  });
});

describe("init.redirect of the caller", () => {
  it.each([
    ["init", (url: string): [string | Request, RequestInit?] => [url, { redirect: "manual" }]],
    ["a Request", (url: string): [string | Request, RequestInit?] => [new Request(url, { redirect: "manual" })]],
  ])("manual in %s hands over the redirect", async (_, call) => {
    const home = await redirecting(() => "http://127.0.0.1:1/");
    const response = await createAuthFetch(new BearerAuth("t"))(...call(`${home.url}/307`));
    expect(response.status).toBe(307);
    expect(response.headers.get("location")).toBe("http://127.0.0.1:1/");
  });

  it("error fails as fetch does", async () => {
    const home = await redirecting(() => "/next");
    const call = createAuthFetch(new BearerAuth("t"))(`${home.url}/307`, { redirect: "error" });
    await expect(call).rejects.toThrow(TypeError);
    expect(home.requests).toHaveLength(1);
  });
});

describe("in a browser, which hides where a redirect leads", () => {
  /** What a browser answers to `redirect: "manual"`; Node's fetch never makes one of these. */
  const opaque = (): Response => Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" });
  const browser = () =>
    vi.fn(async (_: unknown, init?: RequestInit) =>
      init?.redirect === "follow" ? new Response("followed") : opaque(),
    );

  it("nothing that carries a credential is ever sent with redirects on", async () => {
    const send = browser();
    const fetch = createAuthFetch(new ApiKeyAuth("k"), { fetch: send });
    expect(await failureOf(fetch("https://a.example/"))).toMatchObject({
      code: "redirect_refused",
      message: expect.stringContaining("https://a.example"),
    });
    expect(send.mock.calls.map(([, init]) => init?.redirect)).toEqual(["manual"]);
  });

  it("the browser follows by itself what carries none", async () => {
    const send = browser();
    const response = await createAuthFetch(undefined, { fetch: send })("https://a.example/", {
      method: "POST",
      body: "b",
    });
    expect(await response.text()).toBe("followed");
    expect(send.mock.calls.map(([, init]) => init?.redirect)).toEqual(["manual", "follow"]);
  });

  it("a caller who asked for manual gets what the browser gives", async () => {
    const response = await createAuthFetch(new ApiKeyAuth("k"), { fetch: browser() })("https://a.example/", {
      redirect: "manual",
    });
    expect(response.type).toBe("opaqueredirect");
  });
});
