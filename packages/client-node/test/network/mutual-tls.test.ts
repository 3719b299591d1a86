/** Mutual TLS with real servers, through both SDK lines: tool calls, streams, rotation, and what is said when it fails. */
import { Agent, createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { inspect } from "node:util";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import {
  type Guard,
  type KeyPair,
  type McpTestServer,
  mcpServerV1,
  mcpServerV2,
  requireBearer,
  selfSigned,
  sseServer,
  type TemporaryFolder,
  type TestCa,
  temporaryFolder,
  testCa,
} from "@sallyport/testkit";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MCPClient, type MCPClientOptions } from "../../src/client.ts";

const starters = { "SDK 2.x": mcpServerV2, "SDK 1.x": mcpServerV1, SSE: sseServer } as const;
let ca: TestCa;
let strangers: TestCa;
let serverPair: KeyPair;
let clientPair: KeyPair;
let folder: TemporaryFolder;
let cleanups: (() => unknown)[];
beforeAll(async () => {
  [ca, strangers] = await Promise.all([testCa(), testCa()]);
  [serverPair, clientPair] = await Promise.all([ca.issue("server", { names: ["mcp.internal"] }), ca.issue("client")]);
});
beforeEach(async () => {
  folder = await temporaryFolder();
  cleanups = [() => folder.remove()];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** An https server that lets in who shows a certificate of the CA. */
const mutual = (): TlsOptions => ({ ...serverPair, ca: ca.cert, requestCert: true, rejectUnauthorized: true });

async function start(kind: keyof typeof starters, tls: TlsOptions = mutual(), guard?: Guard): Promise<McpTestServer> {
  const server = await starters[kind]({ tls, guard });
  cleanups.push(() => server.close());
  return server;
}

function connectTo(entry: object, options: MCPClientOptions = {}): MCPClient {
  const client = MCPClient.fromDict({ mcpServers: { api: entry } }, options);
  cleanups.push(() => client.closeAllSessions());
  return client;
}

async function failureOf(client: MCPClient): Promise<{ code: string; message: string; shown: string }> {
  try {
    await client.createSession("api");
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message, shown: inspect(error, { depth: 20, showHidden: true }) };
  }
  return expect.fail("should not have connected");
}

describe.each([sdkV2, sdkV1])("over $name", (sdk) => {
  test.each(Object.keys(starters) as (keyof typeof starters)[])(
    "calls tools of a server on %s with certificates in files, and a token",
    async (kind) => {
      const server = await start(kind, mutual(), requireBearer("t-1"));
      await folder.write("client.pem", clientPair.cert);
      await folder.write("client-key.pem", clientPair.key);
      await folder.write("ca.pem", ca.cert);
      const entry = {
        url: server.url,
        auth_token: "t-1",
        tls: { cert: "client.pem", key: { file: "client-key.pem" }, ca: "ca.pem" },
      };
      const file = await folder.write("mcp.json", JSON.stringify({ mcpServers: { api: entry } }));
      const client = new MCPClient(file, { sdk });
      cleanups.push(() => client.closeAllSessions());
      const session = await client.createSession("api");
      expect((await session.listTools()).map(({ name }) => name)).toContain("echo");
      const steps: number[] = [];
      const { content } = await session.callTool(
        "count",
        { to: 5 },
        { onProgress: ({ progress }) => steps.push(progress) },
      );
      expect(content).toEqual([{ type: "text", text: "counted to 5" }]);
      expect(steps).toEqual([1, 2, 3, 4, 5]);
    },
  );

  test("fifty calls at once, and no socket is left after closing", async () => {
    const sockets = new Set<unknown>();
    const server = createServer(mutual());
    const backend = await mcpServerV2();
    cleanups.push(() => backend.close());
    server.on("secureConnection", (socket: TLSSocket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    // Hands everything on to a plain server, so that the sockets are in the test's hands.
    server.on("request", async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const { connection, "content-length": length, ...headers } = incoming.headers as Record<string, string>;
      const body = length === undefined ? null : Buffer.concat(chunks);
      const answer = await fetch(backend.url, { method: String(incoming.method), headers, body });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const client = connectTo({ url: `https://127.0.0.1:${port}/mcp`, tls: { ...clientPair, ca: ca.cert } }, { sdk });
    const session = await client.createSession("api");
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => session.callTool("echo", { text: String(index) })),
    );
    expect(results.map(({ content }) => (content[0] as { text: string }).text)).toEqual(
      results.map((_, index) => String(index)),
    );
    expect(sockets.size).toBeGreaterThan(1);
    await session.close();
    await expect.poll(() => sockets.size).toBe(0);
    // The same entry serves another session.
    expect(await (await client.createSession("api")).listTools()).not.toEqual([]);
  });

  test("a client certificate that was rotated is shown after the server refuses the old one", async () => {
    const renewed = await ca.issue("renewed");
    const seen: string[] = [];
    const server = await start("SDK 2.x", mutual(), (_headers, request, response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      seen.push(String(name));
      return accepted === name || request.method !== "POST" ? undefined : { status: 401 };
    });
    let accepted = "client";
    await folder.write("cert.pem", clientPair.cert);
    await folder.write("key.pem", clientPair.key);
    const client = connectTo(
      {
        url: server.url,
        tls: { cert: `${folder.path}/cert.pem`, key: `${folder.path}/key.pem`, ca: ca.cert },
      },
      { sdk },
    );
    const session = await client.createSession("api");
    accepted = "renewed";
    await expect(session.listTools()).rejects.toMatchObject({
      code: expect.stringMatching(/^(unauthorized|authorization_required)$/),
    });
    await folder.write("cert.pem", renewed.cert);
    await folder.write("key.pem", renewed.key);
    seen.length = 0;
    const lists = await Promise.all([session.listTools(), session.listTools(), session.listTools()]);
    for (const list of lists) expect(list).not.toEqual([]);
    expect(seen.at(-1)).toBe("renewed");
  });

  test("says what a server's certificate lacks", async () => {
    const [misnamed, expired, foreign, alone] = await Promise.all([
      ca.issue("misnamed", { names: ["other.internal"], withoutAddress: true }),
      ca.issue("expired", { lifetimeMs: -1000 }),
      strangers.issue("foreign"),
      selfSigned("alone"),
    ]);
    const cases: [server: KeyPair, tls: object, message: RegExp][] = [
      [misnamed, { ca: ca.cert }, /is for "DNS:other\.internal" and not for "127\.0\.0\.1"\..*tls\.servername/],
      [serverPair, { ca: ca.cert, servername: "wrong.internal" }, /not for "wrong\.internal"/],
      [expired, { ca: ca.cert }, /its certificate has expired.*\(CERT_HAS_EXPIRED\)/],
      [foreign, { ca: ca.cert }, /CA that is not trusted\. It is not among those in tls\.ca/],
      [serverPair, { servername: "mcp.internal" }, /CA that is not trusted\. Put the CA in tls\.ca/],
      [strangers, { ca: strangers.cert }, /its certificate is not meant for a server/],
      [alone, { servername: "mcp.internal" }, /its certificate is self-signed\. Put it in tls\.ca/],
      [alone, { ca: ca.cert }, /its certificate is self-signed\. It is not among those in tls\.ca/],
    ];
    for (const [pair, tls, message] of cases) {
      const server = await start("SDK 2.x", { cert: pair.cert, key: pair.key });
      const { code, message: said, shown } = await failureOf(connectTo({ url: server.url, tls }, { sdk }));
      expect([code, said]).toEqual(["connect_failed", expect.stringMatching(message)]);
      expect(shown).not.toContain("PRIVATE KEY");
      expect(server.requests).toEqual([]);
    }
  });

  test("says so without tls in the entry too", async () => {
    const server = await start("SDK 2.x", serverPair);
    const { code, message } = await failureOf(connectTo({ url: server.url }, { sdk }));
    expect([code, message]).toEqual([
      "connect_failed",
      expect.stringMatching(/^Cannot reach "api" .*Put the CA in tls\.ca/),
    ]);
  });

  test("a server name other than the URL's host is accepted when the certificate has it", async () => {
    const pair = await ca.issue("named", { names: ["mcp.internal"], withoutAddress: true });
    const server = await start("SDK 2.x", pair);
    const client = connectTo({ url: server.url, tls: { ca: ca.cert, servername: "mcp.internal" } }, { sdk });
    expect(await (await client.createSession("api")).listTools()).not.toEqual([]);
  });

  test("a server that wants a certificate says so, or hangs up: the message names tls.cert", async () => {
    // OpenSSL's own verdict is an alert; Node's servers hang up.
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const server = await start("SDK 2.x", { ...mutual(), maxVersion });
      const without = await failureOf(connectTo({ url: server.url, tls: { ca: ca.cert } }, { sdk }));
      expect([without.code, without.message]).toEqual([
        "connect_failed",
        expect.stringMatching(/set tls\.cert and tls\.key/i),
      ]);
      const foreign = await strangers.issue("stranger");
      const refused = await failureOf(connectTo({ url: server.url, tls: { ...foreign, ca: ca.cert } }, { sdk }));
      expect([refused.code, refused.message]).toEqual(["connect_failed", expect.stringMatching(/tls\.cert/)]);
      expect(refused.shown).not.toContain("PRIVATE KEY");
      expect(server.requests).toEqual([]);
    }
  });

  test("certificates that cannot be used send nothing", async () => {
    const server = await start("SDK 2.x");
    const tls = { cert: clientPair.cert, key: serverPair.key, ca: ca.cert };
    const { code, message } = await failureOf(connectTo({ url: server.url, tls }, { sdk }));
    expect([code, message]).toEqual([
      "credential_source_failed",
      expect.stringMatching(/does not belong to the certificate/),
    ]);
    expect(server.requests).toEqual([]);
  });

  test("a plain http server behind an https URL", async () => {
    const server = await mcpServerV2();
    cleanups.push(() => server.close());
    const { code, message } = await failureOf(connectTo({ url: server.url.replace("http:", "https:") }, { sdk }));
    expect([code, message]).toEqual(["connect_failed", expect.stringMatching(/does not speak TLS at this port/)]);
  });

  test("a redirect to another origin gets neither the token nor the certificate", async () => {
    const peers: unknown[] = [];
    const target = createTlsServer(
      { ...serverPair, ca: ca.cert, requestCert: true, rejectUnauthorized: false },
      (socket) => {
        peers.push(socket.getPeerCertificate().subject);
        socket.end();
      },
    );
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => target.close(resolve)));
    const { port } = target.address() as AddressInfo;
    const location = `https://127.0.0.1:${port}/mcp`;
    const redirecting = await start("SDK 2.x", mutual(), () => ({ status: 307, headers: { location } }));
    const tls = { ...clientPair, ca: ca.cert };
    const withToken = await failureOf(connectTo({ url: redirecting.url, tls, authToken: "t-1" }, { sdk }));
    expect(withToken.code).toBe("redirect_refused");
    expect(peers).toEqual([]);
    // Where nobody ever signs in the redirect is followed, as to a stranger: no certificate is shown, no private CA trusted.
    const anonymous = await failureOf(connectTo({ url: redirecting.url, tls, auth: { type: "none" } }, { sdk }));
    expect(anonymous.code).toBe("connect_failed");
    expect(peers.filter((subject) => subject !== undefined)).toEqual([]);
  });
});

test("a fetch of the caller's and tls exclude each other", () => {
  const entry = { url: "https://127.0.0.1:1/mcp", tls: { ca: "ca.pem" }, proxy: "http://127.0.0.1:2" };
  expect(() => connectTo(entry, { fetch })).toThrow(
    expect.objectContaining({
      code: "config_conflict",
      problems: [
        expect.objectContaining({ path: "mcpServers.api.tls" }),
        expect.objectContaining({ path: "mcpServers.api.proxy" }),
      ],
    }),
  );
  expect(() => connectTo({ url: "https://127.0.0.1:1/mcp", proxy: false }, { fetch })).not.toThrow();
});

test("the test's own certificates hold: another client of theirs gets in", async () => {
  const server = await start("SDK 2.x");
  const agent = new Agent({ ...clientPair, ca: ca.cert });
  const status = await new Promise((resolve, reject) => {
    get(server.url, { agent }, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
  agent.destroy();
  expect(status).toBe(405);
});
