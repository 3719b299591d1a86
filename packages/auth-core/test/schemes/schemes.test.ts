/** What each scheme puts on the wire, and what it refuses: design §3, RFC 6750 §2.1, RFC 7617, RFC 6265 §4. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  ApiKeyAuth,
  type Auth,
  type AuthConfig,
  BasicAuth,
  BearerAuth,
  CookieAuth,
  createAuth,
  MultiHeaderAuth,
  OAuth,
  QueryParamAuth,
} from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";

/** The request a scheme yields first. */
async function sent(auth: Auth, request = new Request("https://a.example/mcp")): Promise<Request> {
  const step = await auth.authFlow(request).next();
  if (step.done) throw new Error("the flow has sent nothing");
  return step.value;
}

const header = async (auth: Auth, name = "authorization"): Promise<string | null> =>
  (await sent(auth)).headers.get(name);

describe("headers", () => {
  it.each<[string, Auth, string, string]>([
    ["a bearer token", new BearerAuth("a.b-c_d~e+f/g=="), "authorization", "Bearer a.b-c_d~e+f/g=="],
    [
      "the example of RFC 7617 §2",
      new BasicAuth("Aladdin", "open sesame"),
      "authorization",
      "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    ],
    ["the example of RFC 7617 §2.1", new BasicAuth("test", "123£"), "authorization", "Basic dGVzdDoxMjPCow=="],
    ["a password in another normal form", new BasicAuth("u", "e\u0301"), "authorization", "Basic dTrDqQ=="],
    ["a password with a colon", new BasicAuth("u", "a:b"), "authorization", "Basic dTphOmI="],
    ["a user without a password", new BasicAuth("key", ""), "authorization", "Basic a2V5Og=="],
    ["an API key", new ApiKeyAuth("k 1"), "x-api-key", "k 1"],
    [
      "an API key with a name and a prefix",
      new ApiKeyAuth("k", "Authorization", { prefix: "Token " }),
      "authorization",
      "Token k",
    ],
    ["a header of several", new MultiHeaderAuth({ "X-A": "1", "X-B": () => "2" }), "x-b", "2"],
    ["a cookie", new CookieAuth("c", "session", { prefix: "v1." }), "cookie", "session=v1.c"],
  ])("carry %s", async (_, auth, name, value) => {
    expect(await header(auth, name)).toBe(value);
  });
});

describe("the query", () => {
  it.each([
    ["https://a.example/mcp", "k-1", "https://a.example/mcp?key=k-1"],
    ["https://a.example/mcp?a=b%20c&d+e", "k&1=ë/+ ", "https://a.example/mcp?a=b%20c&d+e&key=k%261%3D%C3%AB%2F%2B%20"],
    ["https://a.example/mcp?#x", "k", "https://a.example/mcp?key=k#x"],
  ])("of %s carries %s and is left alone otherwise", async (url, key, expected) => {
    expect((await sent(new QueryParamAuth(key, "key"), new Request(url))).url).toBe(expected);
  });

  it("keeps method, headers and body", async () => {
    const request = new Request("https://a.example/", { method: "PUT", headers: { "x-a": "1" }, body: "b" });
    const moved = await sent(new QueryParamAuth("k", "key"), request);
    expect([moved.method, moved.headers.get("x-a"), await moved.text()]).toEqual(["PUT", "1", "b"]);
  });
});

describe("secrets that cannot be sent", () => {
  const writers: [string, (text: string | (() => string)) => Auth][] = [
    ["bearer", (text) => new BearerAuth(text)],
    ["api key", (text) => new ApiKeyAuth(text)],
    ["headers", (text) => new MultiHeaderAuth({ "X-A": text })],
    ["cookie", (text) => new CookieAuth(text, "session")],
  ];
  const texts = ["s-marker\n", "\ns-marker", "s-marker\r\nX-Evil: 1", "s-marker\0", "s-marker …", " s-marker "];
  const cases = writers.flatMap(([name, make]) => texts.map((text) => [name, text, make] as const));

  it.each(cases)("%s %j", async (_, text, make) => {
    for (const run of [() => make(text), () => sent(make(() => text))]) {
      const error = await failureOf(run);
      expect(error.code).toBe("credential_source_failed");
      expect(`${error.stack}`).not.toContain("marker");
    }
  });

  it.each<[string, () => unknown, string]>([
    ["a bearer token in quotes", () => new BearerAuth('"s-marker"'), "without them"],
    ["a bearer token with its scheme", () => new BearerAuth("Bearer s-marker"), "without `Bearer`"],
    ["an empty bearer token", () => new BearerAuth(""), "is empty"],
    ["an empty API key", () => new ApiKeyAuth(""), "is empty"],
    ["a password with a line break", () => new BasicAuth("u", "s-marker\n"), "line break"],
    ["a cookie with a semicolon", () => new CookieAuth("s-marker;", "a"), "cookie a"],
    ["a key that is no Unicode", () => new QueryParamAuth("s-marker\ud800", "a"), "well-formed"],
    [
      "a secret that is no string",
      () => sent(new BearerAuth((() => undefined) as unknown as () => string)),
      "undefined",
    ],
    ["a source without a reader", () => sent(new BearerAuth({ file: "./token" })), "file ./token"],
  ])("%s", async (_, run, told) => {
    const error = await failureOf(run);
    expect(error).toMatchObject({ code: "credential_source_failed", message: expect.stringContaining(told) });
    expect(error.message).not.toContain("marker");
  });

  it("a function that fails is the cause", async () => {
    const thrown = new Error("vault is sealed");
    const error = await failureOf(
      sent(
        new BearerAuth(async () => {
          throw thrown;
        }),
      ),
    );
    expect(error).toMatchObject({ code: "credential_source_failed", cause: thrown });
  });
});

describe("settings that make no sense", () => {
  it.each<[string, () => unknown]>([
    ["a colon in a user name", () => new BasicAuth("a:b", "p")],
    ["a line break in a user name", () => new BasicAuth("a\nb", "p")],
    ["a header name with a space", () => new ApiKeyAuth("k", "X API Key")],
    ["an empty header name", () => new ApiKeyAuth("k", "")],
    ["a prefix with a line break", () => new ApiKeyAuth("k", "X-A", { prefix: "a\n" })],
    ["a cookie name with an equals sign", () => new CookieAuth("k", "a=b")],
    ["a parameter without a name", () => new QueryParamAuth("k", "")],
    ["a name of several that is none", () => new MultiHeaderAuth({ "a:": "b" })],
    ["an auth entry that was not parsed", () => createAuth({ type: "Bearer" } as unknown as AuthConfig)],
    [
      "an API key at an unknown place",
      () => createAuth({ type: "apiKey", key: "k", name: "n", in: "body" as "query" }),
    ],
  ])("%s is an error at once", async (_, run) => {
    expect(await failureOf(run)).toMatchObject({ code: "config_invalid" });
  });

  it("a header that the runtime drops is an error, as Cookie is in a browser", async () => {
    const request = new Request("https://a.example/");
    // Browsers ignore the call without a word.
    request.headers.set = () => {};
    expect(await failureOf(sent(new CookieAuth("c", "session"), request))).toMatchObject({
      code: "auth_unsupported",
      message: expect.stringContaining("Cookie"),
    });
  });
});

describe("createAuth", () => {
  const key = { type: "apiKey", key: "k", name: "X-K", prefix: "P-" } as const;

  it.each<[AuthConfig, string, string | null]>([
    [{ type: "none" }, "authorization", null],
    [{ type: "bearer", token: "t" }, "authorization", "Bearer t"],
    [{ type: "basic", username: "u", password: "p" }, "authorization", "Basic dTpw"],
    [{ ...key, in: "header" }, "x-k", "P-k"],
    [{ ...key, in: "cookie" }, "cookie", "X-K=P-k"],
    [{ type: "headers", headers: { "X-A": "1" } }, "x-a", "1"],
  ])("makes %j", async (config, name, value) => {
    expect(await header(createAuth(config), name)).toBe(value);
  });

  it("makes an API key in the query", async () => {
    expect((await sent(createAuth({ ...key, in: "query" }))).url).toBe("https://a.example/mcp?X-K=P-k");
  });

  it("reads sources with the reader it is given", async () => {
    const secrets = { read: async (source: object) => JSON.stringify(source) };
    expect(await header(createAuth({ ...key, in: "header", key: { env: "A" } }, { secrets }), "x-k")).toBe(
      'P-{"env":"A"}',
    );
  });

  it("takes schemes and functions as they are", async () => {
    const auth = new BearerAuth("t");
    expect(createAuth(auth)).toBe(auth);
    expect(
      await header(
        createAuth(() => ({ "x-a": "1" })),
        "x-a",
      ),
    ).toBe("1");
  });

  it("makes an OAuth of the type oauth", () => {
    const config: AuthConfig = { type: "oauth", clientId: "app", clientSecret: "s-marker" };
    const auth = createAuth(config);
    expect(auth).toBeInstanceOf(OAuth);
    expect(inspect(auth, { showHidden: true, depth: 9 }) + JSON.stringify(auth)).not.toContain("marker");
  });
});
