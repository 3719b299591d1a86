/** The JSON Schema for editors: valid, described, and of one mind with the parser. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written.
import { configJsonSchema, parseConfig } from "@sallyport/auth-core";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { authTypes, requiredFields } from "./auth-types.ts";
import { inSnakeCase, url } from "./helpers.ts";

const schema = configJsonSchema();
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTuples: false, allErrors: true });
const validate: ValidateFunction = ajv.compile(schema);

const server = (entry: unknown) => ({ mcpServers: { a: entry } });
const accepts = (input: unknown): boolean => {
  try {
    parseConfig(input);
    return true;
  } catch {
    return false;
  }
};

test("is JSON Schema draft 2020-12, and plain JSON", () => {
  expect(schema["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(ajv.validateSchema(schema)).toBe(true);
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
});

test("every key is described", () => {
  const bare: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      if (key === "properties") {
        for (const [name, property] of Object.entries(child as object)) {
          if (typeof property.description !== "string" || property.description === "") bare.push(`${path}.${name}`);
        }
      }
      walk(child, `${path}.${key}`);
    }
  };
  walk(schema, "");
  expect(bare).toEqual([]);
});

describe("agrees with the parser", () => {
  const valid: unknown[] = [
    { mcpServers: {} },
    { $schema: "https://example.com/s.json", mcp_servers: {} },
    server({ url }),
    server({ url, type: "http", transport: "streamable-http", disabled: true, timeout: 1 }),
    server({ url, authToken: "t" }),
    server({ url, auth_token: { file: "t" } }),
    server({ url, auth: "t" }),
    server({ url, auth: null }),
    server({ url, auth: false }),
    server({ url, auth: {} }),
    server({ url, auth: { client_id: "c" } }),
    server({ url, auth: { env: "TOKEN" } }),
    server({ url, headers: { "X-A": "1", Authorization: { command: ["gh", "auth", "token"] } } }),
    server({ url, tls: { cert: "c.pem", key: { env: "KEY" }, passphrase: { file: "p" } }, proxy: false }),
    server({ url, tls: { ca: "ca.pem", servername: "mcp.internal" }, proxy: "http://proxy:3128" }),
    server({ url, proxy: { url: "https://proxy", username: "u", password: "p" } }),
    server({ command: "node" }),
    server({ command: "node", args: ["a"], env: { A: "", B: { env: "C" } }, cwd: "/", type: "stdio" }),
    { mcpServers: { "github.com/a b": { url }, constructor: { url } } },
  ];
  const invalid: unknown[] = [
    null,
    [],
    {},
    { mcpServers: [] },
    { mcpServers: {}, servers: {} },
    { mcpServers: { "": { url } } },
    { mcpServers: { "a\0": { url } } },
    server(null),
    server({}),
    server({ url, command: "node" }),
    server({ url, args: [] }),
    server({ command: "node", headers: {} }),
    server({ url, authTokn: "t" }),
    server({ url, authToken: "" }),
    server({ url, authToken: "a b" }),
    server({ url, authToken: {} }),
    server({ url, authToken: { env: "A", file: "b" } }),
    server({ url, authToken: { command: [] } }),
    server({ url, authToken: null }),
    server({ url, auth: true }),
    server({ url, auth: [] }),
    server({ url, auth: "oauth" }),
    server({ url, auth: { type: "bearer" } }),
    server({ url, auth: { type: "beerer", token: "t" } }),
    server({ url, auth: { token: "t" } }),
    server({ url, headers: { "X A": "1" } }),
    server({ url, headers: { "X-A": "a\nb" } }),
    server({ url, headers: { "X-A": 1 } }),
    server({ url, type: "stdio" }),
    server({ command: "node", type: "http" }),
    server({ command: "" }),
    server({ command: "node", env: { "A=b": "c" } }),
    server({ url, tls: "cert.pem" }),
    server({ url, tls: { ca: "" } }),
    server({ url, tls: { ca: "a", rejectUnauthorized: false } }),
    server({ url, tls: { ca: "a", servername: "127.0.0.1" } }),
    server({ url, proxy: true }),
    server({ url, proxy: "proxy:3128" }),
    server({ url, proxy: "http://u:p@proxy:3128" }),
    server({ url, proxy: { username: "u" } }),
    server({ command: "node", tls: { ca: "a" } }),
    server({ url: "ftp://a" }),
    server({ url: "https://u:p@a.example" }),
    server({ url: "https://a.example/#f" }),
    server({ url: "https://a.example/ " }),
  ];

  test.each(valid.map((input) => [input]))("both accept %j", (input) => {
    expect(accepts(input)).toBe(true);
    expect(validate(input), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each(invalid.map((input) => [input]))("both refuse %j", (input) => {
    expect(accepts(input)).toBe(false);
    expect(validate(input)).toBe(false);
  });

  const rows = Object.entries(authTypes).flatMap(([type, fields]) =>
    Object.entries(fields).map(([name, field]) => [type, name, field] as const),
  );

  // Rules that read a value closer than a pattern can, or compare fields. The parser alone knows them.
  const closerRules: Readonly<Record<string, readonly unknown[]>> = {
    "apiKey.name": ["X Team", "X-Team:", "Tëam"],
    "apiKey.key": ["é"],
    "signature.message": ["{methd}"],
    "headers.headers": [{}],
    "oauth.clientMetadataUrl": [
      "http://app.example.com/client.json",
      "https://app.example.com",
      "https://app.example.com/a/../b",
    ],
    "oauth.callbackUrl": ["http://app.example.com/callback"],
    "oauth.idp": [{ clientId: "c", idToken: "t" }],
  };

  test.each(rows)("about auth.type %s: %s, in both spellings", (type, name, { valid, invalid, needs = {} }) => {
    for (const spell of [(value: object) => value, (value: object) => inSnakeCase(value) as object]) {
      const entry = (value: unknown) =>
        server({ url, auth: spell({ type, ...requiredFields(type), ...needs, [name]: value }) });
      expect(accepts(entry(valid))).toBe(true);
      expect(validate(entry(valid)), JSON.stringify(validate.errors)).toBe(true);
      for (const value of invalid) {
        const closer = closerRules[`${type}.${name}`]?.some((known) => JSON.stringify(known) === JSON.stringify(value));
        expect(accepts(entry(value)), JSON.stringify(value)).toBe(false);
        expect(validate(entry(value)), JSON.stringify(value)).toBe(closer ?? false);
      }
    }
  });

  test.each(Object.keys(authTypes))("about what auth.type %s needs", (type) => {
    for (const name of Object.keys(requiredFields(type))) {
      const auth: Record<string, unknown> = { type, ...requiredFields(type) };
      delete auth[name];
      expect(validate(server({ url, auth }))).toBe(false);
    }
  });
});

test("variables pass wherever text is patterned, for they are filled in later", () => {
  const config = server({
    url: "${BASE}/mcp",
    headers: { "X-A": "${A} " },
    auth: { type: "bearer", token: "${TOKEN:-a b}" },
  });
  expect(validate(config), JSON.stringify(validate.errors)).toBe(true);
  expect(validate(server({ url, headers: { "${A}": "a" } }))).toBe(false);
});

test("the keys are these and no others", () => {
  interface Node {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly anyOf?: readonly Node[];
    readonly oneOf?: readonly Node[];
    readonly enum?: readonly string[];
    readonly const?: string;
    readonly additionalProperties?: Node;
    readonly $ref?: string;
  }
  const root = schema as unknown as Node & { readonly $defs: Readonly<Record<string, Node>> };
  const camel = (node: Node | undefined) => {
    const names = Object.keys(node?.properties ?? {});
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const twins = new Set(names.map(snake).filter((name) => !names.includes(name)));
    expect(twins, "every key has its snake_case twin").toEqual(new Set());
    return names.filter((name) => !names.some((other) => other !== name && snake(other) === name));
  };
  const [http, stdio] = root.properties?.["mcpServers"]?.additionalProperties?.anyOf ?? [];
  const auth = http?.properties?.["auth"]?.anyOf ?? [];
  const types = auth.flatMap((form) => form.oneOf ?? []);
  const oauth = types.at(-1)?.properties;
  const shared = [
    "disabled",
    "description",
    "timeout",
    "autoApprove",
    "alwaysAllow",
    "disabledTools",
    "gallery",
    "version",
  ];

  expect(camel(root)).toEqual(["$schema", "mcpServers"]);
  expect(camel(http)).toEqual(["url", "type", "transport", "headers", "authToken", "auth", "tls", "proxy", ...shared]);
  expect(camel(stdio)).toEqual(["command", "args", "env", "cwd", "type", "transport", ...shared]);
  expect(camel(root.$defs["secretSource"])).toEqual(["env", "file", "command"]);
  const spellings = (type: Node) => type.properties?.["type"]?.enum ?? [type.properties?.["type"]?.const];
  expect(types.map((type) => [spellings(type), camel(type).slice(1)])).toEqual([
    [["none"], []],
    [["bearer"], ["token"]],
    [["basic"], ["username", "password"]],
    [["digest"], ["username", "password"]],
    [
      ["apiKey", "api_key"],
      ["key", "name", "in", "prefix"],
    ],
    [["headers"], ["headers"]],
    [
      ["signature"],
      [
        "apiKey",
        "apiSecret",
        "algorithm",
        "encoding",
        "keyHeader",
        "timestampHeader",
        "signatureHeader",
        "nonceHeader",
        "message",
      ],
    ],
    [
      ["httpSignature", "http_signature"],
      ["keyId", "key", "algorithm", "components", "label", "tag", "expiresIn"],
    ],
    [
      ["awsSigV4", "aws_sig_v4"],
      ["region", "service", "accessKeyId", "secretAccessKey", "sessionToken"],
    ],
    [
      ["oauth"],
      [
        ...[
          "clientId",
          "clientSecret",
          "clientAuthentication",
          "privateKey",
          "clientMetadataUrl",
          "clientName",
          "scope",
        ],
        ...["grant", "dpop", "callbackPort", "callbackUrl", "redirectPath", "strictPort", "issuer", "resource"],
        ...["oauthProvider", "assertion", "idp", "legacyDiscovery", "allowInsecure"],
      ],
    ],
  ]);
  expect(camel(oauth?.["dpop"]?.anyOf?.at(-1))).toEqual(["algorithm"]);
  expect(camel(oauth?.["idp"])).toEqual(["issuer", "tokenEndpoint", "clientId", "clientSecret", "idToken"]);
});
