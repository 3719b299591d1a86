import { configJsonSchema } from "@sallyport/auth-core";
import { type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Terminal, terminal } from "../sallyport.ts";

let shell: Terminal;
let folder: TemporaryFolder;
beforeEach(async () => {
  shell = await terminal();
  folder = await temporaryFolder();
});
afterEach(() => Promise.all([shell.close(), folder.remove()]));

const secret = "MARKED-SECRET-1";
const url = "https://api.example.com/mcp";

test("config schema prints the schema", async () => {
  const { code, stdout } = await shell.run(["config", "schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(configJsonSchema());
});

test("config check shows the effective auth and where each credential comes from, never the credential (pain 23)", async () => {
  const file = await folder.write(
    "mcp.json",
    `{ // comments are allowed, and "//" in a text is none
      "mcpServers": {
        "snake": { "url": "${url}", "auth_token": "\${API_TOKEN}" },
        "written": { "url": "${url}?key=${secret}", "headers": { "Authorization": "Bearer ${secret}", "X-V": "https://x" }, },
        "basic": { "url": "${url}", "auth": { "type": "basic", "username": "ada", "password": { "env": "API_TOKEN" } } },
        "docker": { "url": "${url}", "auth": { "type": "api_key", "key": { "file": "\${KEY_FILE:-key.txt}" } } },
        "helper": { "url": "${url}", "auth": { "type": "bearer", "token": { "command": ["no-such-helper", "${secret}"] } } },
        "open": { "url": "${url}", "auth": null },
        "local": { "command": "node", "args": ["--key", "${secret}"], "env": { "KEY": "\${env:API_TOKEN}-\${OTHER:-${secret}}" } },
      },
    }`.replace('"api_key"', '"apiKey"'),
  );
  await folder.write("key.txt", `${secret}\n`);
  await folder.write(".env", `API_TOKEN=${secret}\n`);

  const { code, stdout, stderr } = await shell.run(["config", "check", file, "-e", ".env"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).not.toContain(secret);
  expect(stdout).toBe(
    [
      `${file}: 7 servers, no problem.`,
      `snake\n  ${url}\n  authentication: bearer (token: ••••)\n  from mcpServers.snake.auth_token: ••••, with \${API_TOKEN} filled in`,
      `written\n  ${url}?key=••••\n  authentication: headers (Authorization: ••••, X-V: ••••)\n  from mcpServers.written.headers.Authorization: ••••\n  from mcpServers.written.headers.X-V: ••••`,
      `basic\n  ${url}\n  authentication: basic (username: ada, password: env API_TOKEN)\n  from mcpServers.basic.auth.password: env API_TOKEN`,
      `docker\n  ${url}\n  authentication: apiKey (key: file key.txt, name: X-API-Key, in: header)\n  from mcpServers.docker.auth.key: file \${KEY_FILE:-key.txt}, with \${KEY_FILE} filled in`,
      `helper\n  ${url}\n  authentication: bearer (token: command no-such-helper)\n  from mcpServers.helper.auth.token: command no-such-helper`,
      `open\n  ${url}\n  authentication: none`,
      `local\n  node (2 arguments)\n  authentication: env (KEY: ••••)\n  from mcpServers.local.env.KEY: ••••, with \${API_TOKEN} and \${OTHER} filled in\n`,
    ].join("\n\n"),
  );

  const json = await shell.run(["config", "check", file, "--env-file", `${folder.path}/.env`, "--json"]);
  expect(json.stdout).not.toContain(secret);
  expect(JSON.parse(json.stdout)).toMatchObject({
    file,
    servers: [
      {
        name: "snake",
        server: { kind: "http", url, transport: "auto", auth: { type: "bearer", token: "••••" }, headers: {} },
        credentials: [{ path: "mcpServers.snake.auth_token", value: "••••", variables: ["API_TOKEN"] }],
      },
      ...Array.from({ length: 6 }, () => ({})),
    ],
  });
});

test.each([
  [
    "everything wrong in one go",
    `{"mcpServers":{"a":{"url":"${url}","authTokn":"${secret}"},"b":{"url":"${url}","command":"node"},
      "c":{"url":"${url}","authToken":"${secret}","headers":{"authorization":"Bearer other"}},"d":{"url":"${url}","authToken":"\${UNSET}"}}}`,
    ["mcpServers.a.authTokn", "mcpServers.b", "mcpServers.c.headers.authorization", "mcpServers.d.authToken"],
    ["did you mean authToken?", "both url and command", "conflicts with", "UNSET is not set"],
  ],
  ["broken JSON", `{\n  "mcpServers": {\n    "a": ${secret}\n}}`, [""], ["line 3, column 10"]],
  [
    "a variable and a file that secrets are to be read from",
    `{"mcpServers":{"a":{"url":"${url}","authToken":{"env":"UNSET"}},"b":{"url":"${url}","authToken":{"file":"none"}}}}`,
    ["mcpServers.a.authToken", "mcpServers.b.authToken"],
    ["UNSET", "does not exist"],
  ],
])("%s ends with 2 and one line for each problem", async (_, text, paths, messages) => {
  const file = await folder.write("mcp.json", text);
  const { code, stdout, stderr } = await shell.run(["config", "check", file]);
  expect([code, stdout]).toEqual([2, ""]);
  for (const message of messages) expect(stderr).toContain(message);
  expect(stderr.trimEnd().split("\n").length).toBe(messages.length);
  expect(stderr).not.toContain(secret);

  const json = JSON.parse((await shell.run(["config", "check", file, "--json"])).stdout);
  const found = json.error.problems.map(({ path }: { path: string }) => path);
  expect(found.toSorted()).toEqual(paths);
});

test.each([["missing.json"], ["."]])("a file that cannot be read ends with 2: %s", async (name) => {
  expect(await shell.run(["config", "check", name], { cwd: folder.path })).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining(folder.path),
  });
});

test("config check knows OAuth entries, and shows none of their secrets", async () => {
  const file = await folder.write(
    "mcp.json",
    `{"mcpServers":{
      "person": { "url": "${url}", "auth": { "type": "oauth", "scope": "read", "callback_port": 0 } },
      "program": { "url": "${url}", "auth": { "grant": "client_credentials", "client_id": "c-1", "client_secret": "${secret}" } },
      "either": { "url": "${url}" }
    }}`,
  );
  const { code, stdout, stderr } = await shell.run(["config", "check", file]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).not.toContain(secret);
  expect(stdout).toContain("authentication: oauth (scope: read, callbackPort: 0)\n");
  expect(stdout).toContain("authentication: oauth (clientId: c-1, clientSecret: ••••, grant: client_credentials)\n");
  expect(stdout).toContain("authentication: OAuth on demand\n");
});
