/** What is secret: the fields of every type, told by file and by parsed server. */
import {
  BearerAuth,
  ConfigError,
  credentialsIn,
  maskSecrets,
  parseConfigText,
  parseServerConfig,
  secretsIn,
} from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { authTypes, requiredFields } from "./auth-types.ts";
import { inSnakeCase, url, variable } from "./helpers.ts";

const marked = "MARKED-SECRET";

/** The secret fields of every type. A field that is new in the table stands here when it is marked in the schema. */
const secretFields: Readonly<Record<string, readonly string[]>> = {
  none: [],
  bearer: ["token"],
  basic: ["password"],
  digest: ["password"],
  apiKey: ["key", "prefix"],
  headers: ["headers.X-Key", "headers.X-Secret"],
  signature: ["apiKey", "apiSecret", "message"],
  httpSignature: ["key"],
  awsSigV4: ["accessKeyId", "secretAccessKey", "sessionToken"],
  oauth: [
    ...["clientSecret", "privateKey", "oauthProvider.issuer", "oauthProvider.token_endpoint", "assertion"],
    ...["idp.clientSecret", "idp.idToken"],
  ],
};

const file = (server: object): string => JSON.stringify({ mcpServers: { a: server } });
const pathsOf = (server: object): string[] => credentialsIn(file(server)).map(({ path }) => path);
const parsed = (server: object) => parseConfigText(file(server)).mcpServers["a"] ?? expect.fail("no server");

describe.each(Object.keys(authTypes))("auth.type %s", (type) => {
  const entries = Object.entries(authTypes[type] ?? {}).map(([name, { valid, needs = {} }]) => ({
    url,
    auth: { type, ...requiredFields(type), ...needs, [name]: valid },
  }));

  test("has these secrets and no others, in both spellings", () => {
    const expected = secretFields[type]?.map((field) => `mcpServers.a.auth.${field}`);
    expect([...new Set(entries.flatMap(pathsOf))].sort()).toEqual(expected?.toSorted());
    const snake = entries.map((entry) => inSnakeCase(entry) as object);
    const plain = (path: string): string => path.replace(/_/g, "").toLowerCase();
    expect([...new Set(snake.flatMap(pathsOf).map(plain))].sort()).toEqual(expected?.map(plain).sort());
  });

  test("is shown without them, and otherwise as it is", () => {
    const replaced = entries.flatMap((entry) => differences(parsed(entry), maskSecrets(parsed(entry)), []));
    expect([...new Set(replaced.map(([path]) => path))].sort()).toEqual(
      secretFields[type]?.map((field) => `auth.${field}`).toSorted(),
    );
    for (const [, shown] of replaced) expect(shown).toMatch(/^(?:••••|env SECRET|env S|file id-token)$/);
  });
});

/** What stands in `right` in place of something else in `left`, with where that is. */
function differences(left: unknown, right: unknown, path: readonly string[]): [path: string, right: unknown][] {
  if (typeof left !== "object" || left === null || typeof right !== "object" || right === null)
    return Object.is(left, right) ? [] : [[path.join("."), right]];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => differences(Reflect.get(left, key), Reflect.get(right, key), [...path, key]));
}

test.each<[server: object, paths: string[]]>([
  [{ url, auth: marked }, ["auth"]],
  [{ url, auth: { env: marked } }, ["auth"]],
  [{ url, authToken: marked }, ["authToken"]],
  [{ url, auth_token: marked }, ["auth_token"]],
  [{ url, auth: null }, []],
  [{ url, headers: { "X-A": marked, "X-B": { file: marked } }, description: "mine", timeout: 1 }, ["X-A", "X-B"]],
  [
    { url, tls: { cert: marked, key: marked, ca: marked, passphrase: marked, servername: "a.example" } },
    ["tls.cert", "tls.key", "tls.ca", "tls.passphrase"],
  ],
  [{ url, proxy: { url: "http://proxy:3128", username: "ada", password: marked } }, ["proxy.password"]],
  [{ url, proxy: "http://proxy:3128" }, []],
  [{ command: "node", args: ["a"], env: { A: marked, B: { env: marked } }, cwd: "/" }, ["env.A", "env.B"]],
])("%j holds secrets at %j", (server, paths) => {
  expect(pathsOf(server).map((path) => path.replace(/^mcpServers\.a\.(?:headers\.)?/, ""))).toEqual(paths);
  const shown = JSON.stringify(maskSecrets(parsed(server)));
  // Where a secret is read from is none.
  expect(shown.replace(/(?:env|file) MARKED-SECRET/g, "")).not.toContain(marked);
  expect(secretsIn(parsed(server)).length).toBe(paths.length);
});

test("tells what a credential is taken from as the file says it, and the source as it is (anthropics/claude-code#91199)", () => {
  const text = `{ // comments, and "//" in a text is none
    "mcp_servers": {
      "a": { "url": "https://x.example//", "auth_token": "${variable("TOKEN")}-${variable("OTHER:-x")}-${variable("env:TOKEN")}" },
      "b": { "url": "${url}", "auth": { "type": "api_key", "key": { "file": "${variable("DIR")}/key" } }, },
      "c": { "url": "${url}", "tls": { "cert": "${variable("DIR")}/c.pem", "key": "-----BEGIN ${marked}" } },
      "d": { "url": "${url}", "auth": { "type": "http_signature", "keyId": "k", "key": { "kty": "oct", "k": "${variable("TOKEN")}" } } },
      "e": { "url": "${url}", "auth": { "type": "bearer", "token": { "command": ["gh", "${marked}"] } } }
    },
  }`;
  const credentials = credentialsIn(text, { env: { TOKEN: marked, DIR: "/run" } });
  expect(credentials).toEqual([
    { server: "a", path: "mcp_servers.a.auth_token", value: "••••", variables: ["TOKEN", "OTHER"] },
    {
      server: "b",
      path: "mcp_servers.b.auth.key",
      value: `file ${variable("DIR")}/key`,
      variables: ["DIR"],
      source: { file: "/run/key" },
    },
    {
      server: "c",
      path: "mcp_servers.c.tls.cert",
      value: `file ${variable("DIR")}/c.pem`,
      variables: ["DIR"],
      source: { file: "/run/c.pem" },
    },
    { server: "c", path: "mcp_servers.c.tls.key", value: "••••", variables: [] },
    { server: "d", path: "mcp_servers.d.auth.key", value: "••••", variables: ["TOKEN"] },
    {
      server: "e",
      path: "mcp_servers.e.auth.token",
      value: "command gh",
      variables: [],
      source: { command: ["gh", marked] },
    },
  ]);
});

test("names of servers cannot forge a path", () => {
  const text = JSON.stringify({ mcpServers: { "a\u202e.b": { url, authToken: marked } } });
  expect(credentialsIn(text)).toMatchObject([{ server: "a\u202e.b", path: 'mcpServers["a\\u202e.b"].authToken' }]);
});

test.each([
  ["is no JSON", "{"],
  ["is wrong in part", `{"mcpServers":{"a":{"url":"${url}","authToken":"a b"}}}`],
  ["has a variable that is not set", `{"mcpServers":{"a":{"url":"${url}","authToken":"${variable("NONE")}"}}}`],
])("a text that %s is refused", (_, text) => {
  expect(() => credentialsIn(text)).toThrow(ConfigError);
});

test("what code passes is masked as well: functions are secrets, an Auth keeps its own", () => {
  const auth = new BearerAuth(marked);
  const given = parseServerConfig({ url, auth, headers: { "X-A": () => marked } });
  expect(maskSecrets(given)).toMatchObject({ headers: { "X-A": "••••" } });
  expect(maskSecrets(given)).toHaveProperty("auth", auth);
  expect(secretsIn(given)).toEqual([expect.any(Function)]);
  const headers = (): Record<string, string> => ({ "X-A": marked });
  expect(maskSecrets(parseServerConfig({ url, headers }))).toHaveProperty("headers", headers);
});

test("an object that is no parsed server is not shown in part", () => {
  const server = { ...parseServerConfig({ url }), auth: { type: "bearer", tokn: marked } };
  expect(() => maskSecrets(server as never)).toThrow(TypeError);
});
