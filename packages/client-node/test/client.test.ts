import { existsSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Auth, ConfigError } from "@sallyport/auth-core";
import { listen, type RunningServer, type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MCPClient } from "../src/client.ts";

const url = "http://127.0.0.1:9/mcp";
const marker = "s3cr3t-marker";
let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

function thrown(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return expect.unreachable("it should have thrown a ConfigError");
}

describe("made from", () => {
  const config = { mcpServers: { second: { url }, first: { url }, third: { command: "node" } } };

  test("an object, a file, a URL or nothing, listing the servers in order", async () => {
    const file = await folder.write("mcp.json", JSON.stringify(config));
    const names = ["second", "first", "third"];
    expect(new MCPClient(config).getServerNames()).toEqual(names);
    expect(MCPClient.fromDict(config).getServerNames()).toEqual(names);
    expect(new MCPClient(file).getServerNames()).toEqual(names);
    expect(new MCPClient(new URL(`file://${file}`)).getServerNames()).toEqual(names);
    expect(MCPClient.fromConfigFile(file).getServerNames()).toEqual(names);
    expect(new MCPClient().getServerNames()).toEqual([]);
  });

  test("a file expands variables, an object does not", async () => {
    const withVariable = { mcpServers: { api: { url, authToken: `\${UNSET}` } } };
    const file = await folder.write("mcp.json", JSON.stringify(withVariable));
    expect(thrown(() => new MCPClient(file, { env: {} })).code).toBe("config_env_missing");
    expect(new MCPClient(withVariable, { env: {} }).getServerNames()).toEqual(["api"]);
  });

  test("a file that is missing throws at once, with the absolute path", () => {
    const path = join(folder.path, "mcp.json");
    const error = thrown(() => new MCPClient(path));
    expect(error.code).toBe("config_file_unreadable");
    expect(error.message).toContain(path);
  });

  test("code may hold Auth instances and functions", () => {
    const own: Auth = {
      async *authFlow(request) {
        yield request;
      },
    };
    const servers = { own: { url, auth: own }, fn: { url, auth: () => ({ "X-Key": "k" }) } };
    expect(MCPClient.fromDict({ mcpServers: servers }).getServerNames()).toEqual(["own", "fn"]);
  });
});

describe("a bad configuration starts nothing", () => {
  let server: RunningServer;
  beforeEach(async () => {
    server = await listen((_request, response) => void response.end());
  });
  afterEach(() => server.close());

  test.each([
    ["an unknown key", { url, authTokn: "t" }, "config_invalid"],
    ["both url and command", { url, command: "x" }, "config_invalid"],
    ["conflicting tokens", { url, authToken: "a", headers: { Authorization: "Bearer b" } }, "config_conflict"],
    ["an unset variable", { url, authToken: `\${UNSET}` }, "config_env_missing"],
  ])("%s", async (_name, broken, code) => {
    const started = join(folder.path, "started");
    const file = await folder.write(
      "mcp.json",
      JSON.stringify({
        mcpServers: {
          process: { command: "touch", args: [started] },
          secret: { url: server.url, authToken: { command: ["touch", started] } },
          http: { url: server.url },
          broken,
        },
      }),
    );
    const error = thrown(() => new MCPClient(file, { env: {} }));
    expect(error.code).toBe(code);
    expect(error.message).toContain("mcpServers.broken");
    // Whatever had been started in passing would have got as far as this request by its end.
    await fetch(server.url);
    expect(server.requests).toHaveLength(1);
    expect(existsSync(started)).toBe(false);
  });
});

describe("servers", () => {
  test("can be added, by the rules of a file, and removed", async () => {
    const client = new MCPClient({ mcpServers: { one: { url } } });
    client.addServer("two", { command: "node", args: ["server.js"] });
    expect(client.getServerNames()).toEqual(["one", "two"]);
    await client.removeServer("one");
    expect(client.getServerNames()).toEqual(["two"]);
    client.addServer("one", { url });
    expect(client.getServerNames()).toEqual(["two", "one"]);
  });

  test("that are not valid are not added", () => {
    const client = new MCPClient();
    const { code, message } = thrown(() => client.addServer("api", { url, auth_tokn: marker }));
    expect(code).toBe("config_invalid");
    expect(message).toContain("mcpServers.api.auth_tokn");
    expect(message).not.toContain(marker);
    expect(client.getServerNames()).toEqual([]);
  });

  test("do not replace one another unnoticed", () => {
    const client = new MCPClient({ mcpServers: { api: { url } } });
    const { code, message } = thrown(() => client.addServer("api", { url }));
    expect(code).toBe("config_conflict");
    expect(message).toMatch(/^mcpServers\.api: .*Remove it first/);
  });

  test("that are unknown are errors that name the known ones", async () => {
    const client = new MCPClient({ mcpServers: { github: { url }, mail: { url } } });
    const expected = expect.objectContaining({
      code: "server_unknown",
      message: expect.stringMatching(/"githb".*github.*mail/),
    });
    await expect(client.createSession("githb")).rejects.toThrow(expected);
    await expect(client.closeSession("githb")).rejects.toThrow(expected);
    await expect(client.removeServer("githb")).rejects.toThrow(expected);
    await expect(client.signOut("githb")).rejects.toThrow(expected);
    expect(() => client.getSession("githb")).toThrow(expected);
    await expect(new MCPClient().createSession("constructor")).rejects.toMatchObject({ code: "server_unknown" });
  });

  test("without a sign-in cannot be signed out of", async () => {
    const client = new MCPClient({ mcpServers: { api: { url, authToken: marker } } });
    await expect(client.signOut("api", { revoke: true })).rejects.toMatchObject({
      code: "auth_unsupported",
      message: expect.stringContaining("api"),
    });
  });
});

// xdevplatform/xmcp#12: tokens reached logs that people paste into issues.
test("no secret shows in an inspector, JSON or a string", async () => {
  const client = new MCPClient(
    {
      mcpServers: {
        bearer: { url, authToken: marker },
        basic: { url, auth: { type: "basic", username: "u", password: marker } },
        headers: { url, headers: { "X-Key": marker } },
        local: { command: "no-such-command", args: [marker], env: { KEY: marker } },
      },
    },
    { env: { TOKEN: marker } },
  );
  const failure: unknown = await client.createAllSessions().catch((error: unknown) => error);
  for (const value of [client, failure, client.getServerNames()]) {
    expect(inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(marker);
    expect(JSON.stringify(value)).not.toContain(marker);
    expect(String(value)).not.toContain(marker);
  }
});
