import { chmod, realpath } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { isSallyportError, type SallyportError } from "@sallyport/auth-core";
import type { Session } from "@sallyport/auth-core/mcp";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import { stdioServerScript, type TemporaryFolder, temporaryFolder } from "@sallyport/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MCPClient, type MCPClientOptions } from "../src/client.ts";
import { follow } from "./support/processes.ts";

const marker = "s3cr3t-marker";
const node = process.execPath;
let folder: TemporaryFolder;
let clients: MCPClient[];
beforeEach(async () => {
  folder = await temporaryFolder();
  clients = [];
});
afterEach(async () => {
  await Promise.allSettled(clients.map((client) => client.closeAllSessions()));
  await folder.remove();
});

describe.each([sdkV2, sdkV1])("stdio over $name", (sdk) => {
  const connectTo = (server: object, options: MCPClientOptions = {}): MCPClient => {
    const client = MCPClient.fromDict({ mcpServers: { local: server } }, { sdk, ...options });
    clients.push(client);
    return client;
  };

  const variable = async (session: Session, name: string): Promise<string> => {
    const { content } = await session.callTool("environment", { name });
    const [first] = content;
    return first?.type === "text" ? first.text : expect.unreachable("the tool answers with text");
  };

  async function failure(client: MCPClient): Promise<SallyportError> {
    const error: unknown = await client.createSession("local").catch((error: unknown) => error);
    if (!isSallyportError(error)) throw error;
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(marker);
    return error;
  }

  // APP-03: a stdio server takes its credential from the environment.
  test("calls tools of a real process that has its credential from a secret source", async () => {
    const token = await folder.write("token", `${marker}\n`);
    const server = follow(folder, [node, stdioServerScript]);
    const env = { API_TOKEN: { file: token }, ALIAS: { env: "FROM_ENV" }, PLAIN: "plain" };
    const client = connectTo({ ...server.config, env }, { env: { FROM_ENV: "aliased" } });
    const session = await client.createSession("local");

    expect((await session.listTools()).map(({ name }) => name)).toContain("environment");
    expect(await variable(session, "API_TOKEN")).toBe(marker);
    expect(await variable(session, "ALIAS")).toBe("aliased");
    expect(await variable(session, "PLAIN")).toBe("plain");
    expect(session.transport).toBe("custom");
    for (const value of [client, session, session.raw]) {
      expect(inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(marker);
    }

    await client.closeAllSessions();
    await server.allEnded();
  });

  test("hands on only the variables that are safe to hand on", async () => {
    process.env["SALLYPORT_TEST_SECRET"] = marker;
    try {
      const session = await connectTo({ command: node, args: [stdioServerScript] }).createSession("local");
      expect(await variable(session, "SALLYPORT_TEST_SECRET")).toBe("");
      expect(await variable(session, "PATH")).toBe(process.env["PATH"]);
    } finally {
      delete process.env["SALLYPORT_TEST_SECRET"];
    }
  });

  test("a config file's servers run in its folder, or in cwd below it", async () => {
    await folder.write(
      "below/pwd.sh",
      `#!/bin/sh\nPWD_OF_SERVER="$PWD" exec "${node}" "${stdioServerScript}"\n`,
      0o755,
    );
    await folder.write("pwd.sh", `#!/bin/sh\nPWD_OF_SERVER="$PWD" exec "${node}" "${stdioServerScript}"\n`, 0o755);
    const servers = { here: { command: "./pwd.sh" }, below: { command: "./pwd.sh", cwd: "below" } };
    const file = await folder.write("mcp.json", JSON.stringify({ mcpServers: servers }));
    const client = new MCPClient(file, { sdk });
    clients.push(client);
    const sessions = await client.createAllSessions();
    const folders = await Promise.all([...sessions.values()].map((session) => variable(session, "PWD_OF_SERVER")));
    const home = await realpath(folder.path);
    expect(folders).toEqual([home, join(home, "below")]);
  });

  test("what it writes to standard error is discarded, or told", async () => {
    const script = `console.error("ready: ☃"); import(process.argv[1])`;
    const heard: string[] = [];
    const client = connectTo(
      { command: node, args: ["-e", script, stdioServerScript] },
      {
        onStderr(server, text) {
          heard.push(server, text);
          throw new Error("a listener's own matter");
        },
      },
    );
    await client.createSession("local");
    await expect.poll(() => heard).toEqual(["local", "ready: ☃\n"]);
  });

  describe("a failure says what to do, and shows no argument", () => {
    test("a command and its arguments in one string", async () => {
      const { message } = await failure(connectTo({ command: `no-such-command --key ${marker}` }));
      expect(message).toContain('"no-such-command" and what follows it was taken for the name of a program');
      expect(message).not.toContain(marker);
    });

    test("no such command", async () => {
      const { code, message } = await failure(connectTo({ command: "no-such-command", args: ["--key", marker] }));
      expect(code).toBe("connect_failed");
      expect(message).toBe(
        'The server "local" cannot be started: no-such-command was not found. Install it, correct `command`, or give its full path.',
      );
    });

    test("not executable", async () => {
      const file = await folder.write("server.sh", "#!/bin/sh\n");
      await chmod(file, 0o644);
      expect((await failure(connectTo({ command: file, args: [marker] }))).message).toContain("may not be executed");
    });

    test("no such folder", async () => {
      const cwd = join(folder.path, "missing");
      const { message } = await failure(connectTo({ command: node, args: [marker], cwd }));
      expect(message).toContain(`its folder ${cwd} does not exist. Correct \`cwd\`.`);
    });

    test("it exits at once", async () => {
      const script = "console.error(process.argv[1]); process.exit(7)";
      const { code, message } = await failure(connectTo({ command: node, args: ["-e", script, marker] }));
      expect(code).toBe("connect_failed");
      expect(message).toBe(
        `The server "local" ended before it answered, with exit code 7. Run ${node} by hand, or read what it prints with \`onStderr\`.`,
      );
    });

    test("it is killed", async () => {
      const script = "process.kill(process.pid, 'SIGKILL')";
      expect((await failure(connectTo({ command: node, args: ["-e", script] }))).message).toContain("with SIGKILL.");
    });

    test("its secret cannot be read: nothing is started", async () => {
      const server = follow(folder, [node, stdioServerScript]);
      const missing = join(folder.path, "missing");
      const { code, message } = await failure(connectTo({ ...server.config, env: { TOKEN: { file: missing } } }));
      expect(code).toBe("credential_source_failed");
      expect(message).toContain(missing);
      expect(await server.pids()).toEqual([]);
    });

    test("it never answers: it is ended", async () => {
      const server = follow(folder, [node, "-e", "process.stdin.resume()"]);
      const { code, message } = await failure(connectTo(server.config, { timeoutMs: 1000 }));
      expect(code).toBe("connect_failed");
      expect(message).not.toContain("ended before it answered");
      await server.allEnded();
    });
  });

  test("one that ignores being asked to end is ended", { timeout: 20_000 }, async () => {
    const script = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); import(process.argv[1])`;
    const server = follow(folder, [node, "-e", script, stdioServerScript]);
    const client = connectTo(server.config);
    await client.createSession("local");
    await client.closeAllSessions();
    await server.allEnded();
  });

  test("closing while it is being connected to gives up and ends it", async () => {
    const server = follow(folder, [node, "-e", "process.stdin.resume()"]);
    const client = connectTo(server.config);
    const opening = failure(client);
    await expect.poll(() => server.pids()).not.toEqual([]);
    await client.closeSession("local");
    expect((await opening).code).toBe("session_closed");
    await server.allEnded();
  });

  test("after its process has died the session starts a new one", async () => {
    const server = follow(folder, [node, stdioServerScript]);
    const client = connectTo(server.config);
    const first = await client.createSession("local");
    // Another process may have told the protocol; once this one has answered, its id is written down.
    await first.listTools();
    for (const pid of await server.pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {} // the one that was asked for the protocol has ended
    }
    await expect.poll(() => client.getSession("local")).toBeUndefined();
    expect(await client.createSession("local")).toBe(first);
    expect((await first.callTool("echo", { text: "again" })).content).toEqual([{ type: "text", text: "again" }]);
    await client.closeAllSessions();
    await server.allEnded();
  });
});
