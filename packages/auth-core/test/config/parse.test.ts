/** Servers and documents: what is accepted, what it becomes, and what is said about the rest (design §3). */
import { ConfigError, parseConfig, parseConfigText, parseServerConfig } from "@sallyport/auth-core";
import { describe, expect, test } from "vitest";
import { configError, http, problemAt, problems, stdio, url, variable } from "./helpers.ts";

test("the example of the design becomes its normal form", () => {
  const text = `{
    // Comments and trailing commas are fine.
    "mcpServers": {
      "bearer":   { "url": "https://api.example.com/mcp", "authToken": "sk-1" },
      "shorthand":{ "url": "https://api.example.com/mcp", "auth": "sk-1" },
      "headers":  { "url": "https://api.example.com/mcp", "headers": { "Authorization": "Bearer sk-1", "X-API-Version": "2024-01-01" } },
      "object":   { "url": "https://api.example.com/mcp", "headers": { "X-Tenant": "t1" }, "auth": { "type": "basic", "username": "u", "password": "\${API_PASSWORD}" } },
      "oauth":    { "url": "https://mcp.example.com/mcp", "auth": { "type": "oauth", "scope": "read", "client_id": "abc", "callback_port": 8080 } },
      "local":    { "command": "node", "args": ["server.js"], "env": { "MCP_API_KEY": "\${MCP_API_KEY}" } },
    },
  }`;
  const config = parseConfigText(text, { expand: true, env: { API_PASSWORD: "p", MCP_API_KEY: "k" } });
  const server = { kind: "http", url: "https://api.example.com/mcp", transport: "auto", headers: {} };
  expect(config).toEqual({
    mcpServers: {
      bearer: { ...server, auth: { type: "bearer", token: "sk-1" } },
      shorthand: { ...server, auth: { type: "bearer", token: "sk-1" } },
      headers: {
        ...server,
        headers: { Authorization: "Bearer sk-1", "X-API-Version": "2024-01-01" },
        auth: { type: "none" },
      },
      object: { ...server, headers: { "X-Tenant": "t1" }, auth: { type: "basic", username: "u", password: "p" } },
      oauth: {
        ...server,
        url: "https://mcp.example.com/mcp",
        auth: { type: "oauth", scope: "read", clientId: "abc", callbackPort: 8080 },
      },
      local: { kind: "stdio", command: "node", args: ["server.js"], env: { MCP_API_KEY: "k" } },
    },
  });
  expect(Object.keys(config.mcpServers)).toEqual(["bearer", "shorthand", "headers", "object", "oauth", "local"]);
});

describe("url or command", () => {
  test("both is an error", () => {
    expect(problemAt("", () => parseServerConfig({ url, command: "node", args: [] })).message).toContain(
      "both url and command",
    );
    expect(problems(() => parseServerConfig({ url, command: "node", args: [] }))).toHaveLength(1);
  });

  test("neither is an error, with what was probably meant", () => {
    const error = configError(() => parseConfig({ mcpServers: { a: { URI: url } } }));
    expect(error.problems.map(({ path }) => path)).toEqual(["mcpServers.a", "mcpServers.a.URI"]);
    expect(error.message).toContain("neither url nor command");
    expect(error.message).toContain("did you mean url?");
  });

  test("keys of the other kind are errors that say so", () => {
    expect(problemAt("args", () => http({ args: [] })).message).toContain("belongs to a server with command");
    expect(problemAt("auth_token", () => stdio({ auth_token: "t" })).message).toContain("takes its credential in env");
  });
});

describe("transport", () => {
  test.each([
    ["http", "http"],
    ["streamable-http", "http"],
    ["streamableHttp", "http"],
    ["streamable_http", "http"],
    ["sse", "sse"],
  ])("%s is %s, as type or transport", (written, transport) => {
    expect(http({ type: written }).transport).toBe(transport);
    expect(http({ transport: written }).transport).toBe(transport);
  });

  test("is tried out by default", () => expect(http({}).transport).toBe("auto"));
  test("stdio has one", () => expect(stdio({ type: "stdio", transport: "stdio" }).kind).toBe("stdio"));

  test.each(["stdio", "HTTP", "websocket", "", 1])("%s is none for a server with url", (type) => {
    expect(problems(() => http({ type }))).toEqual(["config_invalid type"]);
  });

  test("type and transport that disagree are a conflict", () => {
    expect(problemAt("transport", () => http({ type: "http", transport: "sse" }))).toMatchObject({
      code: "config_conflict",
      message: expect.stringContaining("conflicts with type"),
    });
    expect(http({ type: "http", transport: "streamable-http" }).transport).toBe("http");
  });
});

describe("URLs", () => {
  test.each([
    "http://127.0.0.1:8000/mcp",
    "HTTPS://API.example.com",
    "https://[::1]:8000/mcp?tenant=a@b",
    "https://münchen.example/mcp",
    "https://a.example/@scope/pkg",
  ])("%s is kept as written", (written) => expect(http({ url: written }).url).toBe(written));

  test.each([
    ["", "is empty"],
    ["api.example.com/mcp", "absolute"],
    ["/mcp", "absolute"],
    ["ftp://api.example.com", "absolute"],
    ["javascript:alert(1)", "absolute"],
    ["https:api.example.com", "absolute"],
    ["https://user:hunter2@api.example.com/mcp", "move them to auth"],
    ["https://hunter2@api.example.com/mcp", "move them to auth"],
    ["https://api.example.com/mcp#hunter2", "fragment"],
    ["https://api.example.com/mcp#", "fragment"],
    ["https://api.example.com/m cp", "space"],
    ["https://api.example.com/mcp\n", "space"],
    ["https://api.exam\tple.com", "space"],
    ["https://api.example.com\0/mcp", "control character"],
    ["https://evil.example\\@api.example.com", "user name or password|backslash"],
    ["https:\\\\api.example.com", "absolute"],
    ["https://", "not a valid URL"],
    ["https://api.example.com:99999/mcp", "not a valid URL"],
    ["https://[::1/mcp", "not a valid URL"],
  ])("%j is refused without being shown", (written, reason) => {
    const problem = problemAt("url", () => http({ url: written }));
    expect(problem.message).toMatch(new RegExp(reason));
    expect(problem.message).not.toContain("hunter2");
  });
});

describe("headers", () => {
  test("values are text or secret sources", () => {
    const headers = { "X-A": "a b\tc", "x-b": { file: "/run/secrets/b" } };
    expect(http({ headers }).headers).toEqual(headers);
  });

  test.each(["", "X A", "X-A:", "X-A\r\nX-B", "Ä", "a/b", "a\0"])("%j is not a name", (name) => {
    expect(configError(() => http({ headers: { [name]: "v" } })).message).toMatch(/is empty|is not a header name/);
  });

  test("a whole header line as a name does not show its value", () => {
    const { message } = configError(() => http({ headers: { "Authorization: Bearer hunter2": "" } }));
    expect(message).not.toContain("hunter2");
    expect(message).toContain('headers["Authorization:…"]');
  });

  test.each(["", " ", " a", "a ", "Bearer ", "a\nb", "a\r\nX-Injected: 1", "a\0", "é", "–", "😀", "\x7f"])(
    "%j is not a value",
    (value) => {
      expect(problems(() => http({ headers: { "X-A": value } }))).toEqual(["config_invalid headers.X-A"]);
    },
  );
});

describe("stdio", () => {
  test("takes arguments, variables and a folder", () => {
    const entry = { args: ["", "--x"], env: { EMPTY: "", KEY: { file: "key" } }, cwd: "srv" };
    expect(stdio(entry)).toEqual({ kind: "stdio", command: "node", ...entry });
    expect(stdio({})).toEqual({ kind: "stdio", command: "node", args: [], env: {} });
  });

  test.each([
    ["command", { command: "" }],
    ["command", { command: "no\0de" }],
    ["command", { command: ["node"] }],
    ["args", { args: "server.js" }],
    ["args[1]", { args: ["a", 1] }],
    ["args[0]", { args: ["\0"] }],
    ["env.PORT", { env: { PORT: 8080 } }],
    ['env["A=…"]', { env: { "A=hunter2": "" } }],
    ['env[""]', { env: { "": "" } }],
    ["cwd", { cwd: "" }],
  ])("%s is checked", (path, entry) => {
    const error = configError(() => stdio(entry));
    expect(error.problems.map((problem) => problem.path)).toEqual([path]);
    expect(error.message).not.toContain("hunter2");
  });

  test("a number where text belongs says what to do", () => {
    expect(problemAt("env.PORT", () => stdio({ env: { PORT: 8080 } })).message).toContain("quotes");
  });
});

describe("config files of other hosts", () => {
  test.each([
    ["Claude Code", { type: "http", url, headers: { Authorization: "Bearer t" }, timeout: 600000 }],
    ["Claude Desktop", { command: "npx", args: ["-y", "some-server"], env: { API_KEY: "k" } }],
    ["Cursor", { url, headers: { "X-Key": "k" }, disabled: false }],
    ["VS Code", { type: "stdio", command: "npx", args: [], gallery: "https://gallery.example", version: "1.0.0" }],
    ["Cline", { type: "streamableHttp", url, disabled: false, autoApprove: ["a"], timeout: 60 }],
    ["Roo", { command: "node", args: [], alwaysAllow: ["a"], disabledTools: ["b"], description: "tools" }],
  ])("%s", (_, entry) => {
    expect(parseServerConfig(entry)).not.toHaveProperty("timeout");
  });

  test("a disabled server stays one, so that it is not connected with the others", () => {
    expect(http({ disabled: true }).disabled).toBe(true);
    expect(stdio({ disabled: true }).disabled).toBe(true);
    expect(http({ disabled: false })).not.toHaveProperty("disabled");
  });

  test.each([
    ["serverUrl", { serverUrl: url }, "did you mean url?"],
    ["httpUrl", { httpUrl: url }, "did you mean url?"],
    ["headersHelper", { url, headersHelper: "get-token" }, '"command"'],
    ["oauth", { url, oauth: { clientId: "c" } }, '"type": "oauth"'],
    ["envFile", { command: "node", envFile: ".env" }, "--env-file"],
    ["auth.CLIENT_ID", { url, auth: { CLIENT_ID: "c" } }, "did you mean client_id?"],
    ["auth.scopes", { url, auth: { scopes: ["a"] } }, "did you mean scope?"],
  ])("%s says something about authentication: an error that names the way", (path, entry, hint) => {
    expect(problemAt(path, () => parseServerConfig(entry)).message).toContain(hint);
  });

  test("$schema is for editors; the `servers` and `inputs` of VS Code are explained", () => {
    expect(parseConfig({ $schema: "https://example.com/schema.json", mcpServers: {} })).toEqual({ mcpServers: {} });
    const { message } = configError(() => parseConfig({ servers: {}, inputs: [] }));
    expect(message).toContain("did you mean mcpServers?");
    expect(message).toContain("inputs");
  });
});

describe("documents", () => {
  test.each([[null], [undefined], [1], ["{}"], [[]], [true]])("%j is none", (input) => {
    expect(configError(() => parseConfig(input)).message).toContain("The configuration");
  });

  test("without mcpServers say where servers go", () => {
    expect(problemAt("mcpServers", () => parseConfig({})).message).toContain("put servers under it");
    expect(configError(() => parseConfig({ url })).message).toContain("belongs to a server");
  });

  test.each([[null], [[]], ["a"], [1]])("mcpServers cannot be %j", (mcpServers) => {
    expect(problems(() => parseConfig({ mcpServers }))).toEqual(["config_invalid mcpServers"]);
  });

  test.each([[null], [[]], ["https://api.example.com"], [1], [() => url]])("a server cannot be %o", (server) => {
    expect(problems(() => parseConfig({ mcpServers: { a: server } }))).toEqual(["config_invalid mcpServers.a"]);
  });

  test("every problem is reported at once, with its path", () => {
    const error = configError(() =>
      parseConfig(
        {
          mcpServers: {
            a: { url, auth_tokn: "x", headers: { Authorization: "Bearer a", authorization: "Bearer b" } },
            b: { command: "node", args: [1], env: { KEY: variable("MISSING") } },
            c: { url: "ftp://c", authToken: "t", headers: { Authorization: "Bearer other" } },
            d: {},
          },
        },
        { expand: true },
      ),
    );
    expect(error.problems.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
      "config_conflict mcpServers.a.headers.authorization",
      "config_conflict mcpServers.c.headers.Authorization",
      "config_env_missing mcpServers.b.env.KEY",
      "config_invalid mcpServers.a.auth_tokn",
      "config_invalid mcpServers.b.args[0]",
      "config_invalid mcpServers.c.url",
      "config_invalid mcpServers.d",
    ]);
    for (const { path, message } of error.problems) expect(error.message).toContain(`${path}: ${message}`);
    expect(error.code).toBe(error.problems[0].code);
  });

  test("an entry on its own is placed by `path`", () => {
    const found = problems(() => parseServerConfig({ url, auth: { tokn: "t" } }, { path: "mcpServers.my api" }));
    expect(found).toEqual(["config_invalid mcpServers.my api.auth.tokn"]);
    expect(problems(() => parseServerConfig(null, { path: "server" }))).toEqual(["config_invalid server"]);
    expect(problems(() => parseServerConfig({}))).toEqual(["config_invalid "]);
  });

  test("the source of a text is named in every line", () => {
    const error = configError(() => parseConfigText('{ "mcpServers": { "a": {}, "b": {} } }', { source: "mcp.json" }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message.split("\n").every((line) => line.startsWith("mcp.json: mcpServers."))).toBe(true);
    expect(configError(() => parseConfigText("{", { source: "mcp.json" })).message).toMatch(
      /^mcp\.json: .*line 1, column 2/,
    );
  });

  test("what is passed in is neither changed nor kept", () => {
    const input = { mcpServers: { a: { url, headers: { "X-A": "1" } } } };
    const before = structuredClone(input);
    const config = parseConfig(input);
    expect(input).toEqual(before);
    input.mcpServers.a.headers["X-A"] = "2";
    expect(config.mcpServers["a"]).toMatchObject({ headers: { "X-A": "1" } });
  });
});
