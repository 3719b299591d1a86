/**
 * Attacks on a whole program that signs in: pages in the person's browser and programs of other users that call its
 * listener, metadata that leads inside, a store that somebody has edited.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { memoryStore } from "@sallyport/auth-core";
import { mcpServerV2, type ScriptedAuthorizationServer, scriptedAuthorizationServer } from "@sallyport/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { MCPClient } from "../../src/client.ts";
import { loopbackInteraction } from "../../src/interaction/loopback.ts";
import { type Answer, failureOf, sendRaw, visit } from "../interaction/support.ts";
import { browser, client, place } from "./setup.ts";

describe("while the person is at the sign-in page", () => {
  type Attack = readonly [name: string, attack: (redirect: URL, state: string) => Promise<Answer>, status: number];
  const evil = "code=code-of-the-attacker";
  const attacks: readonly Attack[] = [
    ["an unsolicited error", ({ href }) => visit(`${href}?error=access_denied`), 400],
    [
      "an unsolicited error with a description",
      ({ href }) => visit(`${href}?error=x&error_description=Call+0900`),
      400,
    ],
    ["a code without a state", ({ href }) => visit(`${href}?${evil}`), 400],
    ["a code with a state of its own", ({ href }) => visit(`${href}?${evil}&state=${"x".repeat(43)}`), 400],
    ["an empty state", ({ href }) => visit(`${href}?${evil}&state=`), 400],
    ["the state twice", ({ href }, state) => visit(`${href}?${evil}&state=x&state=${state}`), 400],
    ["the state in other case", ({ href }, state) => visit(`${href}?${evil}&state=${state.toUpperCase()}x`), 400],
    [
      "a name that was made to point here",
      ({ href, port }, state) => visit(`${href}?${evil}&state=${state}`, "GET", { host: `evil.example:${port}` }),
      421,
    ],
    [
      "localhost, which is not what was registered",
      ({ href, port }, state) => visit(`${href}?${evil}&state=${state}`, "GET", { host: `localhost:${port}` }),
      421,
    ],
    [
      "no port in the name",
      ({ href }, state) => visit(`${href}?${evil}&state=${state}`, "GET", { host: "127.0.0.1" }),
      421,
    ],
    ["another path", ({ origin }, state) => visit(`${origin}/other?${evil}&state=${state}`), 404],
    [
      "a path that a parser makes the same",
      ({ origin }, state) => visit(`${origin}/x/..//callback?${evil}&state=${state}`),
      404,
    ],
    ["a form", ({ href }, state) => visit(`${href}?${evil}&state=${state}`, "POST"), 405],
    [
      "a look ahead",
      ({ href }, state) => visit(`${href}?${evil}&state=${state}`, "GET", { "sec-purpose": "prefetch" }),
      503,
    ],
  ];

  it("nothing that calls the listener ends the sign-in, takes part in it, or learns anything (RED-07, AUT-04)", async () => {
    const here = await place();
    const seen: string[] = [];
    const interaction = loopbackInteraction({
      onUrl: () => {},
      open: async (url) => {
        const redirect = new URL(url.searchParams.get("redirect_uri") ?? "");
        const state = url.searchParams.get("state") ?? "";
        for (const [name, attack, status] of attacks) {
          const { status: given, body, headers } = await attack(redirect, state);
          expect([name, given]).toEqual([name, status]);
          expect(`${body}${inspect(headers)}`).not.toMatch(/attacker|0900/);
          expect(`${body}${inspect(headers)}`).not.toContain(state);
          expect(headers).not.toHaveProperty("access-control-allow-origin");
          seen.push(name);
        }
        await here.as.signIn(url, { deliver: true });
      },
    });
    const { client: program } = client(here, { interaction });
    await program.createSession("notes");
    expect(seen).toHaveLength(attacks.length);
    expect(here.as.count("token")).toBe(1);
  });

  it("bytes that are no request, many connections and none that say anything do not keep the answer out", async () => {
    const here = await place();
    const interaction = loopbackInteraction({
      onUrl: () => {},
      open: async (url) => {
        const { port } = new URL(url.searchParams.get("redirect_uri") ?? "");
        const answers = await Promise.all([
          sendRaw(Number(port), "\u0000\u0001\u0002\r\n\r\n"),
          sendRaw(Number(port), "GET /callback HTTP/1.1\r\n\r\n"),
          sendRaw(
            Number(port),
            `GET /callback?state=${"x".repeat(40_000)} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`,
          ),
          sendRaw(
            Number(port),
            `GET http://evil.example/callback HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`,
          ),
          ...Array.from({ length: 30 }, () =>
            sendRaw(
              Number(port),
              `GET /callback?state=x HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`,
            ),
          ),
        ]);
        for (const answer of answers) expect(answer).not.toMatch(/^HTTP\/1\.1 200/);
        await here.as.signIn(url, { deliver: true });
      },
    });
    await client(here, { interaction }).client.createSession("notes");
    expect(here.as.count("token")).toBe(1);
  });

  it("an answer with the right state and somebody else's code gets no token, and the person is told", async () => {
    const here = await place();
    const interaction = loopbackInteraction({
      onUrl: () => {},
      open: async (url) => {
        const state = url.searchParams.get("state") ?? "";
        const redirect = url.searchParams.get("redirect_uri") ?? "";
        const iss = encodeURIComponent(here.as.issuer);
        expect((await visit(`${redirect}?code=code-of-the-attacker&state=${state}&iss=${iss}`)).status).toBe(200);
      },
    });
    const error = await failureOf(client(here, { interaction }).client.createSession("notes"));
    expect(error.code).toBe("token_request_failed");
    expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain("code-of-the-attacker");
  });
});

describe("an authorization server that names a place to open", () => {
  it.each([
    "javascript:alert(document.cookie)",
    "file:///etc/passwd",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "ms-msdt:/id%20PCWDiagnostic",
    "smb://evil.example/share",
    "http://evil.example/authorize",
    "https://user:pass@evil.example/authorize",
    'https://evil.example/authorize"&calc.exe&"',
    "https://evil.example/$(id)`id`",
    "https://evil.example/\r\nfile:///etc/passwd",
    "--version",
  ])("%j has nothing opened (URL-01 to URL-04)", async (endpoint) => {
    const as = await hostile();
    as.script.metadata = (metadata) => ({ ...metadata, authorization_endpoint: endpoint });
    const opened: URL[] = [];
    const { connect } = program(as, (url) => void opened.push(url));
    expect(await failureOf(connect())).toMatchObject({ code: "insecure_url" });
    expect(opened).toEqual([]);
  });
});

describe("metadata that leads inside", () => {
  it.each(["https://router.local/token", "https://169.254.169.254/token", "https://[fd00::1]/token"])(
    "to %s has nothing asked there, though the server is on this machine (SSR-03)",
    async (endpoint) => {
      const as = await hostile();
      as.script.metadata = (metadata) => ({ ...metadata, token_endpoint: endpoint });
      const { connect } = program(as, (url) => void as.signIn(url, { deliver: true }));
      expect(await failureOf(connect())).toMatchObject({ code: "insecure_url" });
      expect(as.count("token")).toBe(0);
    },
  );
});

describe("headers of the configuration", () => {
  it("go to the MCP server and to nobody else (BIND-02)", async () => {
    const here = await place();
    const { interaction } = browser(here.as);
    const config = {
      mcpServers: {
        notes: { url: here.mcp.url, headers: { "X-Tenant": "tenant-of-the-client" }, auth: { type: "oauth" } },
      },
    };
    const made = new MCPClient(config, { interaction, store: undefined, env: { SALLYPORT_HOME: here.folder.path } });
    onTestFinished(() => made.closeAllSessions());
    await made.createSession("notes");
    expect(here.mcp.requests.some(({ headers }) => headers["x-tenant"] === "tenant-of-the-client")).toBe(true);
    for (const { headers } of here.as.requests) expect(headers).not.toHaveProperty("x-tenant");
  });
});

describe("a file of the store", () => {
  it("edited to another issuer, resource, client or server is no credential, and says so", async () => {
    const here = await place();
    const { interaction } = browser(here.as);
    await client(here, { interaction }).client.createSession("notes");
    const names = (await readdir(here.folder.path)).filter((name) => /^(?:server|tokens)-/.test(name));
    expect(names.length).toBeGreaterThanOrEqual(2);
    for (const name of names) {
      const path = join(here.folder.path, name);
      const before = await readFile(path, "utf8");
      if (!before.includes(here.mcp.resource)) continue;
      await writeFile(path, before.replaceAll(here.mcp.resource, "https://evil.example/mcp"));
      const error = await failureOf(client(here, { interaction }).client.createSession("notes"));
      expect(error.code).toBe("store_unavailable");
      expect(inspect(error, { showHidden: true, depth: 10 })).not.toMatch(/evil\.example|"accessToken"/);
      await writeFile(path, before);
    }
    await client(here, { interaction }).client.createSession("notes");
  });

  it("copied to the name of another server's is not sent there", async () => {
    const [one, two] = [await place(), await place()];
    for (const here of [one, two]) {
      await client(here, { interaction: browser(here.as).interaction }).client.createSession("notes");
    }
    const token = one.mcp.calls.find(({ status }) => status === 200)?.token ?? "";
    expect(token).not.toBe("");
    for (const kind of ["server", "tokens"]) {
      const [from = "", to = ""] = await Promise.all([one, two].map((here) => fileOf(here.folder.path, kind)));
      await writeFile(to, await readFile(from));
    }
    const error = await failureOf(
      client(two, { interaction: browser(two.as).interaction }).client.createSession("notes"),
    );
    expect(error.code).toBe("store_unavailable");
    expect(two.mcp.calls.some((call) => call.token === token)).toBe(false);
  });
});

describe("a server without OAuth", () => {
  it("that refuses is unauthorized, with what to configure; nobody is asked", async () => {
    const server = await mcpServerV2({ guard: () => ({ status: 401 }) });
    onTestFinished(() => server.close());
    const opened: URL[] = [];
    const made = new MCPClient(
      { mcpServers: { notes: { url: server.url } } },
      { interaction: loopbackInteraction({ open: (url) => void opened.push(url), onUrl: () => {} }) },
    );
    onTestFinished(() => made.closeAllSessions());
    const error = await failureOf(made.createSession("notes"));
    expect(error.code).toBe("authorization_required");
    expect(opened).toEqual([]);
  });
});

/** A scripted server, for one test. */
async function hostile(): Promise<ScriptedAuthorizationServer> {
  const server = await scriptedAuthorizationServer();
  onTestFinished(() => server.close());
  return server;
}

/** A program that connects to the endpoint of a scripted server. */
function program(as: ScriptedAuthorizationServer, open: (url: URL) => void): { connect(): Promise<unknown> } {
  const interaction = loopbackInteraction({ open, onUrl: () => {}, timeoutMs: 30_000 });
  const config = { mcpServers: { notes: { url: as.resource, auth: { type: "oauth" } } } };
  const made = new MCPClient(config, { interaction, store: memoryStore() });
  onTestFinished(() => made.closeAllSessions());
  return { connect: () => made.createSession("notes") };
}

async function fileOf(folder: string, kind: string): Promise<string> {
  const name = (await readdir(folder)).find((each) => each.startsWith(`${kind}-`) && !each.includes("lock"));
  return join(folder, name ?? expect.unreachable(`no ${kind}`));
}
