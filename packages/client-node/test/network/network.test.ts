/** The fetch of one server entry on its own: what it loads, what it takes, and when certificates are read again. */
import { createRequire } from "node:module";
import type { TLSSocket } from "node:tls";
import { type HttpServerConfig, parseServerConfig } from "@sallyport/auth-core";
import {
  type Handler,
  type KeyPair,
  listen,
  type RunningServer,
  type TemporaryFolder,
  type TestCa,
  temporaryFolder,
  testCa,
  testProxy,
} from "@sallyport/testkit";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Network } from "../../src/network/network.ts";
import { nodeSecrets } from "../../src/secrets/node-secrets.ts";

const hour = 3_600_000;
let ca: TestCa;
let serverPair: KeyPair;
let clientPair: KeyPair;
let folder: TemporaryFolder;
let cleanups: (() => unknown)[];
beforeAll(async () => {
  ca = await testCa();
  [serverPair, clientPair] = await Promise.all([ca.issue("server", { lifetimeMs: 9 * hour }), ca.issue("client")]);
});
beforeEach(async () => {
  folder = await temporaryFolder();
  cleanups = [() => folder.remove()];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function start(handler: Handler): Promise<RunningServer> {
  const server = await listen(handler, "", { ...serverPair, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
  cleanups.push(() => server.close());
  return server;
}

function networkTo(entry: object, env: Record<string, string> = {}): Network {
  const config = parseServerConfig(entry) as HttpServerConfig;
  const network = new Network(config, { name: "api", secrets: nodeSecrets({ baseDir: folder.path, env }), env });
  cleanups.push(() => network.close());
  return network;
}

const peerOf: Handler = (_request, response) => {
  response.end(String((response.socket as TLSSocket).getPeerCertificate().subject.CN));
};

// First in its file: what is loaded once stays so.
test("undici is loaded for certificates and proxies, and not before", async () => {
  const { cache } = createRequire(import.meta.url);
  const loaded = (): boolean => Object.keys(cache).some((path) => path.includes("/undici/"));
  const plain = await listen((_request, response) => void response.end("hello"));
  cleanups.push(() => plain.close());
  const direct = networkTo({ url: plain.url }, { HTTP_PROXY: "http://127.0.0.1:1" });
  expect(await (await direct.fetch(plain.url)).text()).toBe("hello");
  expect(loaded()).toBe(false);
  const proxy = await testProxy();
  cleanups.push(() => proxy.close());
  expect(await (await networkTo({ url: plain.url, proxy: proxy.url }).fetch(plain.url)).text()).toBe("hello");
  expect(loaded()).toBe(true);
});

describe("takes and gives the platform's own classes", () => {
  test("requests, headers, forms and responses", async () => {
    const server = await start(({ method, headers, body }, response) => {
      const type = String(headers["content-type"]).split(";")[0];
      response
        .writeHead(203, { "set-cookie": ["a=1", "b=2"] })
        .end(`${method} ${headers["x-a"]} ${type} ${body.length > 0}`);
    });
    const { fetch } = networkTo({ url: server.url, tls: { ...clientPair, ca: ca.cert } });
    const form = new FormData();
    form.set("name", "value");
    const response = await fetch(server.url, { method: "POST", headers: new Headers({ "X-A": "1" }), body: form });
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.url, response.redirected]).toEqual([203, `${server.url}/`, false]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.text()).toBe("POST 1 multipart/form-data true");
    const request = new Request(server.url, { method: "PUT", headers: { "X-A": "2" }, body: "text" });
    expect(await (await fetch(request)).text()).toBe("PUT 2 text/plain true");
    expect(server.requests.at(0)?.body).toContain("value");
  });

  test("an answer without a body", async () => {
    const server = await start((_request, response) => void response.writeHead(204).end());
    const { fetch } = networkTo({ url: server.url, tls: { ...clientPair, ca: ca.cert } });
    expect((await fetch(server.url)).body).toBeNull();
  });

  test("who gives up gets their own reason", async () => {
    const server = await start(() => {});
    const { fetch } = networkTo({ url: server.url, tls: { ...clientPair, ca: ca.cert } });
    const reason = new Error("enough");
    const abort = new AbortController();
    const answer = fetch(server.url, { signal: abort.signal });
    await expect.poll(() => server.requests).toHaveLength(1);
    abort.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});

describe("reads certificates again", () => {
  const files = { cert: "cert.pem", key: "key.pem" };
  const write = async ({ cert, key }: KeyPair): Promise<void> => {
    await folder.write(files.cert, cert);
    await folder.write(files.key, key);
  };

  test("when the one in use has expired", async () => {
    const server = await start(peerOf);
    await write(clientPair);
    const { fetch } = networkTo({ url: server.url, tls: { ...files, ca: ca.cert } });
    const ask = async (): Promise<string> => (await fetch(server.url)).text();
    expect(await ask()).toBe("client");
    await write(await ca.issue("renewed", { lifetimeMs: 5 * hour }));
    expect(await ask()).toBe("client");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * hour });
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["renewed", "renewed", "renewed"]);
    vi.setSystemTime(Date.now() + 4 * hour);
    await expect(ask()).rejects.toMatchObject({
      code: "credential_source_failed",
      message: expect.stringMatching(/tls\.cert .*expired/),
    });
  });

  test("after a 401, once for all, and sends the same body again when they have changed", async () => {
    let accepted = "client";
    const server = await start((_request, response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      response.writeHead(name === accepted ? 200 : 401).end(name);
    });
    await write(clientPair);
    let reads = 0;
    const config = parseServerConfig({ url: server.url, tls: { ...files, ca: ca.cert } }) as HttpServerConfig;
    const reader = nodeSecrets({ baseDir: folder.path });
    const secrets = {
      read: (source: Parameters<typeof reader.read>[0]) => {
        reads += 1;
        return reader.read(source);
      },
    };
    const network = new Network(config, { name: "api", secrets, env: {} });
    cleanups.push(() => network.close());
    const ask = async (): Promise<string> => {
      const response = await network.fetch(server.url, { method: "POST", body: "payload" });
      return `${response.status} ${await response.text()}`;
    };
    expect(await ask()).toBe("200 client");
    expect(reads).toBe(2);
    accepted = "renewed";
    expect(await ask()).toBe("401 client");
    expect(reads).toBe(4);
    await write(await ca.issue("renewed"));
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["200 renewed", "200 renewed", "200 renewed"]);
    expect(reads).toBe(6);
    expect(new Set(server.requests.map(({ body }) => body))).toEqual(new Set(["payload"]));
  });

  test("before the next request when the server hung up; a file that is gone then is told", async () => {
    const strangers = await testCa();
    const server = await start(peerOf);
    await write(await strangers.issue("stranger"));
    const { fetch } = networkTo({ url: server.url, tls: { ...files, ca: ca.cert } });
    await expect(fetch(server.url)).rejects.toMatchObject({ code: "connect_failed" });
    await write(clientPair);
    expect(await (await fetch(server.url)).text()).toBe("client");
  });
});

test("after closing nothing is sent", async () => {
  const server = await start(peerOf);
  const network = networkTo({ url: server.url, tls: { ...clientPair, ca: ca.cert } });
  await (await network.fetch(server.url)).text();
  await network.close();
  await network.close();
  await expect(network.fetch(server.url)).rejects.toMatchObject({ code: "session_closed" });
  expect(server.requests).toHaveLength(1);
});
