/** Every row and every field of the table of `auth.type` (design §3), in both spellings. */
import { describe, expect, test } from "vitest";
import { authTypes, defaults, requiredFields } from "./auth-types.ts";
import { http, inSnakeCase, problemAt, problems } from "./helpers.ts";

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe.each(Object.keys(authTypes))("auth.type %s", (type) => {
  const fields = Object.entries(authTypes[type] ?? {});
  const required = requiredFields(type);

  test("is accepted with its required fields alone, in both spellings", () => {
    const normal = Object.fromEntries(
      Object.keys(required).map((name) => [name, authTypes[type]?.[name]?.normal ?? required[name]]),
    );
    const expected = { type, ...defaults[type], ...normal };
    expect(http({ auth: { type, ...required } }).auth).toEqual(expected);
    const written = inSnakeCase({ ...required }) as object;
    expect(http({ auth: { ...written, type: snake(type) } }).auth).toEqual(expected);
  });

  test.each(fields)("takes %s in both spellings", (name, { valid, normal = valid, needs = {} }) => {
    const auth = { type, ...required, ...needs, [name]: valid };
    const { auth: parsed } = http({ auth });
    expect(parsed).toMatchObject({ type, [name]: normal });
    expect(http({ auth: { ...(inSnakeCase(auth) as object), type: snake(type) } }).auth).toEqual(parsed);
  });

  test.each(fields)("refuses what %s cannot be, in the spelling it was written", (name, { invalid, needs = {} }) => {
    expect(invalid.length).toBeGreaterThan(0);
    for (const value of invalid) {
      for (const written of [name, snake(name)]) {
        const found = problems(() =>
          http({ auth: { type, ...required, ...needs, ...{ [name]: undefined, [written]: value } } }),
        );
        const elsewhere = found.filter((problem) => !new RegExp(`^config_invalid auth\\.${written}\\b`).test(problem));
        expect(elsewhere, JSON.stringify(value)).toEqual([]);
      }
    }
  });

  test.each(fields.filter(([, field]) => field.required === true))("needs %s", (name) => {
    const auth = { type, ...required, [name]: undefined };
    expect(problemAt(`auth.${name}`, () => http({ auth })).message).toContain("is missing");
  });

  test("takes no other field, and says so in the style of the writer", () => {
    expect(problems(() => http({ auth: { type, ...required, retries: 1 } }))).toEqual(["config_invalid auth.retries"]);
  });
});

test("a secret of any type may be a source or a function", () => {
  const give = () => "later";
  for (const source of [{ env: "TOKEN" }, { file: "/run/secrets/token" }, { command: ["gh", "auth", "token"] }, give]) {
    expect(http({ auth: { type: "bearer", token: source } }).auth).toEqual({ type: "bearer", token: source });
    expect(http({ auth: { type: "basic", username: "u", password: source } }).auth).toMatchObject({ password: source });
    expect(http({ auth: { type: "apiKey", key: source } }).auth).toMatchObject({ key: source });
    expect(http({ auth: { type: "headers", headers: { "X-Key": source } } }).auth).toMatchObject({
      headers: { "X-Key": source },
    });
    expect(http({ authToken: source }).auth).toEqual({ type: "bearer", token: source });
    expect(http({ headers: { "X-Key": source } }).headers).toEqual({ "X-Key": source });
  }
});

test("a source has one kind", () => {
  const message = "must have exactly one of env, file and command";
  expect(problemAt("authToken", () => http({ authToken: { env: "A", file: "b" } })).message).toBe(message);
  expect(problemAt("authToken", () => http({ authToken: {} })).message).toBe(message);
  expect(problemAt("auth", () => http({ auth: { env: "A", command: ["b"] } })).message).toBe(message);
  expect(problemAt("authToken.path", () => http({ authToken: { path: "b" } })).message).toContain(
    "there are env, file, command",
  );
});

test("the name of a type is a literal in either spelling and nothing else", () => {
  for (const type of ["Bearer", "BASIC", "api-key", "apikey", "aws_sigv4", "", 1, null, ["bearer"]]) {
    expect(problems(() => http({ auth: { type, token: "t" } }))).toContain("config_invalid auth.type");
  }
  expect(problemAt("auth.type", () => http({ auth: { type: "beerer" } })).message).toMatch(/did you mean bearer\?$/);
});

test("an API key must fit the place it goes to", () => {
  const key = (auth: object) => problems(() => http({ auth: { type: "apiKey", key: "k", ...auth } }));
  expect(http({ auth: { type: "apiKey", key: "clé", in: "query", name: "api key" } }).auth).toMatchObject({
    name: "api key",
  });
  expect(key({ in: "cookie", name: "a b" })).toEqual(["config_invalid auth.name"]);
  expect(key({ in: "cookie", key: "a;b" })).toEqual(["config_invalid auth.key"]);
  expect(key({ in: "header", key: "clé" })).toEqual(["config_invalid auth.key"]);
});

test("the headers of a signature are three", () => {
  const signature = { type: "signature", apiKey: "k", apiSecret: "s" };
  const found = problems(() => http({ auth: { ...signature, key_header: "X-Signature" } }));
  expect(found).toEqual(["config_invalid auth.signatureHeader"]);
});

test("the keys of AWS come together, or none of them", () => {
  const aws = { type: "awsSigV4", region: "us-east-1", service: "execute-api" };
  expect(problems(() => http({ auth: { ...aws, access_key_id: "a" } }))).toEqual([
    "config_invalid auth.secretAccessKey",
  ]);
  expect(problems(() => http({ auth: { ...aws, sessionToken: "t" } }))).toEqual([
    "config_invalid auth.accessKeyId",
    "config_invalid auth.secretAccessKey",
  ]);
});

describe("forms of auth", () => {
  test("a string is a bearer token", () => {
    expect(http({ auth: "sk-1" }).auth).toEqual({ type: "bearer", token: "sk-1" });
  });

  test.each(["oauth", "none", "apiKey", "api_key"])("but not the name of a type: %s", (name) => {
    expect(problemAt("auth", () => http({ auth: name })).message).toContain('write { "type": … }');
  });

  test.each([[null], [false], [{ type: "none" }]])("%j is never", (auth) => {
    expect(http({ auth }).auth).toEqual({ type: "none" });
  });

  test("an object without type is OAuth, also when empty", () => {
    expect(http({ auth: {} }).auth).toEqual({ type: "oauth" });
    expect(http({ auth: { client_id: "abc", callback_port: 0 } }).auth).toEqual({
      type: "oauth",
      clientId: "abc",
      callbackPort: 0,
    });
  });

  test("an object without type but with the fields of another type says which type to write", () => {
    expect(problemAt("auth.token", () => http({ auth: { token: "t" } })).message).toContain('say "type": "bearer"');
    expect(problemAt("auth.usernam", () => http({ auth: { usernam: "u" } })).message).toContain('say "type": "basic"');
  });

  test("a source alone is a bearer token kept elsewhere", () => {
    expect(http({ auth: { env: "TOKEN" } }).auth).toEqual({ type: "bearer", token: { env: "TOKEN" } });
  });

  test("code may pass an Auth or a function, which stay what they are", () => {
    class Custom {
      async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
        yield request;
      }
    }
    const instance = new Custom();
    const literal = { authFlow: instance.authFlow };
    const call = () => ({ "X-Key": "k" });
    expect(http({ auth: instance }).auth).toBe(instance);
    expect(http({ auth: literal }).auth).toBe(literal);
    expect(http({ auth: call }).auth).toBe(call);
  });

  test.each([[true], [0], [1], [[]], [["token"]], [Symbol("auth")], [1n]])("nothing else: %o", (auth) => {
    expect(problems(() => http({ auth }))).toEqual(["config_invalid auth"]);
  });

  test.each([[new Date()], [new Map()], [Promise.resolve("token")], [new Headers()]])(
    "no other instance: %o",
    (auth) => {
      expect(problems(() => http({ auth }))).toEqual(["config_invalid auth"]);
    },
  );

  test("absent: anonymous, signing in when asked", () => {
    expect(http({}).auth).toBeUndefined();
    expect(http({ auth: undefined }).auth).toBeUndefined();
  });
});

describe("OAuth fields that would be accepted and then dropped (anthropics/claude-code#91199)", () => {
  const cases: [path: string, auth: object][] = [
    ["auth.clientId", { clientSecret: "s" }],
    ["auth.clientId", { privateKey: "pem" }],
    ["auth.client_authentication", { clientId: "c", clientSecret: "s", client_authentication: "none" }],
    ["auth.clientAuthentication", { clientId: "c", clientSecret: "s", privateKey: "pem" }],
    ["auth.clientSecret", { clientId: "c", clientAuthentication: "client_secret_basic" }],
    ["auth.privateKey", { clientId: "c", clientAuthentication: "private_key_jwt" }],
    ["auth.clientSecret", { clientId: "c", grant: "client_credentials" }],
    ["auth.clientId", { clientSecret: "s", grant: "client_credentials" }],
    // CMD-05
    ["auth.clientSecret", { clientMetadataUrl: "https://app.example.com/client.json", clientSecret: "s" }],
    // WIF-01
    ["auth.clientSecret", { clientId: "c", clientSecret: "s", grant: "jwt_bearer", assertion: "a" }],
    ["auth.privateKey", { clientId: "c", privateKey: "pem", grant: "jwt_bearer", assertion: "a" }],
    ["auth.assertion", { grant: "jwt_bearer" }],
    ["auth.assertion", { assertion: "a" }],
    ["auth.idp", { grant: "enterprise" }],
    ["auth.idp", { idp: { issuer: "https://idp.example.com", clientId: "c", idToken: "t" } }],
  ];
  test.each(cases)("%s: %j", (path, auth) => {
    expect(problems(() => http({ auth }))).toEqual([`config_invalid ${path}`]);
  });

  test("client credentials need a client and its proof, which is said at once", () => {
    const missing = ["config_invalid auth.clientId", "config_invalid auth.clientSecret"];
    expect(problems(() => http({ auth: { grant: "client_credentials" } }))).toEqual(missing);
  });

  const document = { clientMetadataUrl: "https://app.example.com/client.json" };
  test.each([
    { ...document, privateKey: "pem" },
    { ...document, clientId: "c", clientSecret: "s" },
  ])("but not a proof that is used: %j", (auth) => {
    expect(http({ auth }).auth).toMatchObject(auth);
  });
});
