/**
 * Schemes that only set headers are sent without their flow. On the wire nothing shows which of the two ways it was:
 * design §3, §4, pain 17, pain 18, TOK-10.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  ApiKeyAuth,
  type Auth,
  type AuthEvent,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  createAuth,
  createAuthFetch,
  MultiHeaderAuth,
  type SecretReader,
} from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { gate } from "../support/gate.ts";
import { start } from "../support/start.ts";

afterEach(() => vi.unstubAllGlobals());

/** Gives "old" first, and then "new", for each source by itself. */
const rotating = (): SecretReader => {
  const read = new Set<string>();
  return {
    async read(source) {
      const key = JSON.stringify(source);
      const first = !read.has(key);
      read.add(key);
      return first ? "old" : "new";
    },
  };
};

const source = { env: "S" } as const;
const schemes: readonly (readonly [name: string, make: (secrets: SecretReader) => Auth])[] = [
  ["bearer, a text", () => new BearerAuth("t-1")],
  ["bearer, a source", (secrets) => new BearerAuth(source, { secrets })],
  ["bearer, a function", (secrets) => new BearerAuth(() => secrets.read(source))],
  ["basic", (secrets) => new BasicAuth("u", source, { secrets })],
  ["key", (secrets) => new ApiKeyAuth(source, "X-Key", { secrets })],
  ["cookie", (secrets) => new CookieAuth(source, "session", { secrets })],
  ["several", (secrets) => new MultiHeaderAuth({ "X-Key": source, Accept: "text/x", "X-B": "b" }, { secrets })],
  ["none", () => createAuth({ type: "none" })],
];

type Options = NonNullable<Parameters<typeof createAuthFetch>[1]>;

/** What to ask for, with which static headers and which of the caller's own. */
const calls: readonly (readonly [name: string, path: string, options: Options, headers?: HeadersInit])[] = [
  ["an answer", "/", {}],
  ["a refusal", "/refuse", {}],
  ["a refusal of old secrets", "/new", {}],
  ["a refusal of old secrets, static ones too", "/new", { headers: { "X-Static": { env: "T" } } }],
  ["a refusal of headers from a function", "/refuse", { headers: () => ({ "X-Time": String(++time) }) }],
  ["a redirect", "/near", {}],
  ["a redirect to a refusal of old secrets", "/near-new", {}],
  ["a redirect that turns into a GET", "/other", {}],
  ["a redirect to another origin", "/far", {}],
  ["a redirect to another origin with a credential of the caller", "/far", {}, { "X-Mine": "m" }],
  ["more redirects than are followed", "/round", {}],
  ["a redirect that is left to the caller", "/near", {}],
  ["headers of the protocol", "/", { headers: { Accept: "text/a", "User-Agent": "a" } }, { accept: "text/b" }],
  ["cookies", "/", {}, { cookie: "a=b; c=d" }],
  ["cookies from static headers", "/new", { headers: { Cookie: "a=b" } }],
  ["a cookie of the same name", "/", {}, { cookie: "session=mine" }],
  ["Authorization of the caller", "/", {}, { authorization: "Bearer mine" }],
  ["Authorization of the caller that agrees", "/", {}, { AUTHORIZATION: "Bearer t-1" }],
  ["static Authorization", "/", { headers: { authorization: "Bearer mine" } }],
  ["a key of the caller", "/", {}, { "x-key": "mine" }],
  ["a static header that differs from the caller's", "/", { headers: { "X-Static": "a" } }, { "x-static": "b" }],
  ["static headers that cannot be read", "/", { headers: { "X-Static": { env: "T" } }, secrets: undefined }],
];
let time = 0;
const cases = schemes.flatMap(([scheme, make]) => calls.map((call) => [scheme, call[0], make, call] as const));

describe("a scheme that only sets headers", () => {
  it.each(cases)(
    "%s: %s is the same with its flow and without",
    async (scheme, _, make, [name, path, options, headers]) => {
      const far = await start();
      const server = await start(({ url, headers: sent }, response) => {
        const to = { "/near": "/", "/near-new": "/new", "/other": "/", "/far": far.url, "/round": "/round" }[url];
        if (to !== undefined) return void response.writeHead(url === "/other" ? 303 : 307, { location: to }).end();
        const old = JSON.stringify(sent).includes("old") || sent.authorization === `Basic ${btoa("u:old")}`;
        response.writeHead(url === "/refuse" || (url === "/new" && old) ? 401 : 200).end("done");
      });
      const run = async (wrap: (auth: Auth) => Auth): Promise<unknown> => {
        const seen = [server.requests.length, far.requests.length] as const;
        const [secrets, events] = [rotating(), [] as AuthEvent[]];
        time = 0;
        const onEvent = (event: AuthEvent) =>
          events.push(event.type === "response" ? { ...event, milliseconds: 0 } : event);
        const fetch = createAuthFetch(wrap(make(secrets)), { secrets, ...options, onEvent });
        const redirect = name.endsWith("left to the caller") ? "manual" : "follow";
        const init = { method: "POST", body: "b", headers: headers ?? {}, redirect } as const;
        const outcome = await fetch(`${server.url}${path}`, init).then(
          async (response) => [response.status, response.redirected, response.url, await response.text()],
          (error: { code: string; message: string }) => [error.code, error.message.toLowerCase()],
        );
        const requests = [...server.requests.slice(seen[0]), ...far.requests.slice(seen[1])];
        return {
          outcome,
          events,
          requests: requests.map(({ method, url, body, headers }) => ({ method, url, body, headers })),
        };
      };
      const direct = await run((auth) => auth);
      const flow = await run((auth) => ({ needsBody: false, authFlow: (request) => auth.authFlow(request) }));
      // Whether a credential goes along decides about other origins, and of a flow nobody knows: only "none" tells.
      if (scheme === "none" && path === "/far" && headers === undefined) {
        expect(direct).toMatchObject({ outcome: [200, true, `${far.url}/`, "ok"] });
        expect(flow).toMatchObject({ outcome: ["redirect_refused", expect.any(String)] });
      } else expect(direct).toEqual(flow);
    },
  );

  it("is asked by its flow when a subclass or the object itself has another", async () => {
    const server = await start();
    class Traced extends BearerAuth {
      override async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
        request.headers.set("X-Trace", "1");
        yield* super.authFlow(request);
      }
    }
    const own = new BearerAuth("t-1");
    own.authFlow = async function* (request) {
      request.headers.set("X-Trace", "2");
      yield request;
    };
    await createAuthFetch(new Traced("t-1"))(server.url);
    await createAuthFetch(own)(server.url);
    expect(server.requests.map(({ headers }) => [headers["x-trace"], headers.authorization])).toEqual([
      ["1", "Bearer t-1"],
      ["2", undefined],
    ]);
  });

  it("makes no Request but the first, which tells what the runtime drops", async () => {
    let made = 0;
    vi.stubGlobal(
      "Request",
      class extends Request {
        constructor(...arguments_: ConstructorParameters<typeof Request>) {
          super(...arguments_);
          made += 1;
        }
      },
    );
    const send = async () => new Response();
    const fetch = createAuthFetch(new BearerAuth("t-1"), { fetch: send });
    await fetch("http://127.0.0.1:1/", { method: "POST", body: "{}" });
    expect(made).toBe(1);
    await fetch("http://127.0.0.1:1/", { method: "POST", body: "{}" });
    expect(made).toBe(1);
  });

  it.each<[string, Auth | undefined, Options]>([
    ["cookie", new CookieAuth("c", "session"), {}],
    ["cookie from a function", new CookieAuth(() => "c", "session"), {}],
    ["static", undefined, { headers: { Cookie: "a=b" } }],
    ["from a function", undefined, { headers: () => ({ Cookie: "a=b" }) }],
  ])("is an error each time when the runtime drops the header: %s", async (_, auth, options) => {
    // Browsers ignore the call without a word, and only for a Request.
    vi.stubGlobal(
      "Request",
      class extends Request {
        constructor(...arguments_: ConstructorParameters<typeof Request>) {
          super(...arguments_);
          this.headers.set = () => {};
        }
      },
    );
    const send = vi.fn(async () => new Response());
    const fetch = createAuthFetch(auth, { ...options, fetch: send });
    for (let count = 0; count < 2; count += 1) {
      expect(await failureOf(fetch("http://127.0.0.1:1/"))).toMatchObject({
        code: "auth_unsupported",
        message: expect.stringContaining("Cookie"),
      });
    }
    expect(send).not.toHaveBeenCalled();
  });

  it("is left alone by an abort while its secret is read, and while it is read again", async () => {
    const server = await start((_, response) => void response.writeHead(401).end());
    for (const heldRead of [1, 2]) {
      const reading = gate();
      let reads = 0;
      const controller = new AbortController();
      const token = async (): Promise<string> => {
        reads += 1;
        if (reads < heldRead) return "t-1";
        reading.open();
        return new Promise(() => {});
      };
      const call = createAuthFetch(new BearerAuth(token))(server.url, { signal: controller.signal });
      await reading.passed;
      controller.abort(new Error("enough"));
      await expect(call).rejects.toThrow("enough");
      expect(server.requests).toHaveLength(heldRead - 1);
    }
  });

  it("cancels the refusal when its secret cannot be read again", async () => {
    const refusal = new Response("no", { status: 401 });
    let reads = 0;
    const token = () => {
      reads += 1;
      if (reads > 1) throw new Error("sealed");
      return "t-1";
    };
    const fetch = createAuthFetch(new BearerAuth(token), { fetch: async () => refusal });
    expect(await failureOf(fetch("http://127.0.0.1:1/"))).toMatchObject({ code: "credential_source_failed" });
    expect(refusal.bodyUsed).toBe(true);
  });

  it("sends again what the caller gave, whatever becomes of it meanwhile", async () => {
    const sent: [string | null, string | null, unknown][] = [];
    const headers = new Headers({ "X-Mine": "1" });
    const init = { method: "post", headers, body: "b", integrity: "first" };
    const fetch = createAuthFetch(new BearerAuth(source, { secrets: rotating() }), {
      fetch: async (_, given) => {
        const all = given?.headers as Headers;
        sent.push([`${given?.method} ${all.get("x-mine")}`, all.get("authorization"), given?.integrity]);
        // A fetch that is given may add to what it sends.
        all.set("x-mine", "2");
        headers.set("x-mine", "3");
        init.integrity = "second";
        return new Response(null, { status: 401 });
      },
    });
    await fetch("http://127.0.0.1:1/", init);
    expect(sent).toEqual([
      ["POST 1", "Bearer old", "first"],
      ["POST 1", "Bearer new", "first"],
    ]);
    expect(headers.has("authorization")).toBe(false);
  });
});
