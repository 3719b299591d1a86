/** Exactly one source may set a header (samanhappy/mcphub#1013, anthropics/claude-code#56357, nicobailon/pi-mcp-adapter#158). */
import { configJsonSchema } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { http, problemAt, problems } from "./helpers.ts";

const bearer = { type: "bearer", token: "sk-1" };

describe("the five forms of one token", () => {
  const forms: object[] = [
    { authToken: "sk-1" },
    { auth_token: "sk-1" },
    { auth: "sk-1" },
    { auth: bearer },
    { headers: { Authorization: "Bearer sk-1" } },
    { headers: { authorization: "bearer sk-1" } },
  ];
  const pairs = forms
    .flatMap((one, index) => forms.slice(index + 1).map((other) => [one, other] as const))
    .filter(([one, other]) => !("auth" in one && "auth" in other));

  test.each(pairs)("%j and %j agree, and the header has one source", (one, other) => {
    const both = { ...one, ...other, headers: { ...Reflect.get(one, "headers"), ...Reflect.get(other, "headers") } };
    const server = http(both);
    const inHeaders = Object.keys(server.headers).filter((name) => name.toLowerCase() === "authorization");
    if (server.auth !== undefined && "type" in server.auth && server.auth.type === "none")
      expect(inHeaders).toHaveLength(1);
    else {
      expect(server.auth).toEqual(bearer);
      expect(inHeaders).toEqual([]);
    }
  });

  test.each([
    ["auth_token", "authToken", { authToken: "sk-1", auth_token: "sk-2" }],
    ["authToken", "auth", { authToken: "sk-1", auth: "sk-2" }],
    ["auth_token", "auth", { auth_token: "sk-1", auth: { type: "bearer", token: "sk-2" } }],
    ["headers.Authorization", "authToken", { authToken: "sk-1", headers: { Authorization: "Bearer sk-2" } }],
    ["headers.authorization", "auth_token", { auth_token: "sk-1", headers: { authorization: "Bearer sk-2" } }],
    ["headers.AUTHORIZATION", "auth", { auth: "sk-1", headers: { AUTHORIZATION: "sk-1" } }],
    [
      "headers.authorization",
      "headers.Authorization",
      { headers: { Authorization: "Bearer sk-1", authorization: "Bearer sk-2" } },
    ],
  ])("%s and %s that disagree are a conflict that names both and shows neither", (path, other, entry) => {
    const problem = problemAt(path, () => http(entry));
    expect(problem.code).toBe("config_conflict");
    expect(problem.message).toContain(`conflicts with ${other}:`);
    expect(problem.message).not.toMatch(/sk-\d/);
  });
});

test("a static Authorization header alone is an explicit credential: no sign-in", () => {
  expect(http({ headers: { AUTHORIZATION: "Basic dTpw" } })).toMatchObject({
    headers: { AUTHORIZATION: "Basic dTpw" },
    auth: { type: "none" },
  });
  expect(http({ headers: { "X-API-Key": "k" } }).auth).toBeUndefined();
  expect(http({ auth: null, headers: { Authorization: "Bearer t" } }).headers).toEqual({ Authorization: "Bearer t" });
});

describe("what a type of auth sends, against static headers", () => {
  const aws = { type: "awsSigV4", region: "us-east-1", service: "s3" };
  const signature = { type: "signature", apiKey: "k", apiSecret: "s" };
  const httpSignature = { type: "httpSignature", keyId: "k", key: "pem" };

  test.each([
    ["Authorization", { type: "basic", username: "u", password: "p" }],
    ["Authorization", { type: "digest", username: "u", password: "p" }],
    ["authorization", {}],
    ["Authorization", { type: "oauth", clientId: "c" }],
    ["DPoP", { dpop: true }],
    ["x-api-key", { type: "apiKey", key: "k" }],
    ["X-Team", { type: "apiKey", key: "k", name: "x-team" }],
    ["X-Key", { type: "headers", headers: { "x-key": "k" } }],
    ["X-API-KEY", signature],
    ["x-timestamp", signature],
    ["X-Sign", { ...signature, signatureHeader: "x-sign" }],
    ["X-Nonce", { ...signature, message: "{path}{nonce}" }],
    ["Signature", httpSignature],
    ["signature-input", httpSignature],
    ["Content-Digest", httpSignature],
    ["Authorization", aws],
    ["X-Amz-Date", aws],
    ["x-amz-security-token", aws],
  ])("%s", (name, auth) => {
    const found = problemAt(`headers.${name}`, () => http({ auth, headers: { [name]: "other" } }));
    expect(found).toMatchObject({ code: "config_conflict", message: expect.stringContaining("conflicts with auth") });
    expect(http({ auth, headers: { "X-Unrelated": "other" } }).headers).toEqual({ "X-Unrelated": "other" });
  });

  test.each([
    [
      { type: "basic", username: "ana", password: "pässwörd" },
      { authorization: `Basic ${Buffer.from("ana:pässwörd").toString("base64")}` },
    ],
    [
      { type: "basic", username: "ana", password: "pa\u0308ss" },
      { authorization: `basic ${Buffer.from("ana:päss").toString("base64")}` },
    ],
    [{ type: "apiKey", key: "k" }, { "x-api-key": "k" }],
    [{ type: "apiKey", key: "k", name: "Authorization", prefix: "Token " }, { authorization: "Token k" }],
    [{ type: "apiKey", key: { env: "KEY" } }, { "X-Api-Key": { env: "KEY" } }],
    [
      { type: "headers", headers: { "X-A": "1", "X-B": { command: ["b"] } } },
      { "x-a": "1", "x-b": { command: ["b"] } },
    ],
    [signature, { "x-api-key": "k" }],
  ])("%j agrees with %j: the header has one source", (auth, headers) => {
    const server = http({ auth, headers });
    expect(server.headers).toEqual({});
    expect(server.auth).toMatchObject(auth);
  });

  test("a text and a source cannot be told to agree", () => {
    expect(
      problems(() => http({ auth: { type: "apiKey", key: { env: "KEY" } }, headers: { "X-API-Key": "k" } })),
    ).toHaveLength(1);
    expect(problems(() => http({ authToken: { env: "A" }, headers: { Authorization: { env: "A" } } }))).toHaveLength(1);
  });

  test("what an instance or a function sends is seen when it runs", () => {
    const auth = () => undefined;
    expect(http({ auth, headers: { Authorization: "Bearer t" } }).headers).toEqual({ Authorization: "Bearer t" });
  });
});

describe("authToken beside auth", () => {
  test.each([
    [null],
    [false],
    [{}],
    [{ type: "none" }],
    [{ type: "basic", username: "u", password: "p" }],
    [{ type: "apiKey", key: "k" }],
    [{ type: "headers", headers: { "X-Key": "k" } }],
    [() => undefined],
  ])("%j says something else", (auth) => {
    expect(problems(() => http({ auth_token: "sk-1", auth }))).toContain("config_conflict auth_token");
  });

  test.each([
    [{ type: "headers", headers: { authorization: "Bearer sk-1", "X-Key": "k" } }],
    [{ type: "apiKey", key: "sk-1", name: "Authorization", prefix: "Bearer " }],
  ])("%j says the same", (auth) => {
    expect(http({ authToken: "sk-1", auth }).auth).toMatchObject(auth);
  });

  test("the same source is the same token", () => {
    const source = { command: ["gh", "auth", "token"] };
    expect(http({ authToken: source, auth: { type: "bearer", token: { ...source } } }).auth).toEqual({
      type: "bearer",
      token: source,
    });
  });
});

describe("names of headers have no case", () => {
  test.each([
    ["headers", (headers: object) => ({ headers })],
    ["auth.headers", (headers: object) => ({ auth: { type: "headers", headers } })],
  ])("in %s: equal values are sent once, others are a conflict", (path, entry) => {
    const server = http(entry({ "X-Key": "k", "x-key": "k" }));
    const { auth } = server;
    const headers = auth !== undefined && "type" in auth && auth.type === "headers" ? auth.headers : server.headers;
    expect(headers).toEqual({ "X-Key": "k" });
    expect(problems(() => http(entry({ "X-Key": "k", "x-key": "l" })))).toEqual([`config_conflict ${path}.x-key`]);
  });
});

describe("places that hold more than the key", () => {
  const query = { type: "apiKey", in: "query", name: "key", key: "k" };
  const cookie = { type: "apiKey", in: "cookie", name: "sid", key: "s", prefix: "v1." };

  test("a query may have other parameters, and the same one with the same value", () => {
    expect(http({ url: "https://api.example.com/?a=1", auth: query }).url).toBe("https://api.example.com/?a=1");
    expect(http({ url: "https://api.example.com/?key=k", auth: query }).auth).toEqual(query);
    expect(problems(() => http({ url: "https://api.example.com/?key=hunter2", auth: query }))).toEqual([
      "config_conflict url",
    ]);
  });

  test("a Cookie header may have other cookies, and the same one with the same value", () => {
    expect(http({ headers: { Cookie: "a=1; sid=v1.s" }, auth: cookie }).headers).toEqual({ Cookie: "a=1; sid=v1.s" });
    expect(problems(() => http({ headers: { cookie: "a=1;sid=hunter2" }, auth: cookie }))).toEqual([
      "config_conflict headers.cookie",
    ]);
  });
});

describe("headers from a function (pain 19)", () => {
  const headers = () => ({ Authorization: "Bearer t" });

  test("are left as they are, whatever auth says: they are compared when a request is sent", () => {
    expect(http({ headers })).toMatchObject({ headers, auth: undefined });
    expect(http({ headers, authToken: "sk-1" })).toMatchObject({ headers, auth: { type: "bearer", token: "sk-1" } });
    expect(http({ headers, auth: { type: "headers", headers: { "X-A": "1" } } }).headers).toBe(headers);
  });

  test("are for code: JSON Schema does not know them, and the auth type `headers` takes a record", () => {
    expect(problems(() => http({ auth: { type: "headers", headers } }))).toEqual(["config_invalid auth.headers"]);
    expect(JSON.stringify(configJsonSchema())).not.toContain("custom");
  });

  test.each([["text"], [5], [null], [["X-A", "1"]]])("is an error when it is %j", (wrong) => {
    const found = problemAt("headers", () => http({ headers: wrong }));
    expect(found.message).toMatch(/must be an object/);
  });
});
