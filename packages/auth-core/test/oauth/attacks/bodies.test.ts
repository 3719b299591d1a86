/** Answers that have no end, come too slowly, or are built to be costly: every one is bounded (SSR-06, house rule). */
import type { ServerResponse } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";
import {
  answerEndlessBody,
  answerHalf,
  answerHangUp,
  answerHtml,
  answerStatus,
  type OAuthEndpoint,
  type ScriptedAnswer,
} from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { guardedFetch } from "../../../src/http/guarded-fetch.ts";
import { failureOf } from "../../support/failure.ts";
import { start } from "../../support/start.ts";
import { expectHarmless, hostileServer, victimOf } from "./setup.ts";

const mebibyte = 1024 * 1024;
const endpoints: readonly OAuthEndpoint[] = ["resource_metadata", "metadata", "registration", "token"];

const failures: Readonly<Partial<Record<OAuthEndpoint, string>>> = {
  resource_metadata: "discovery_failed",
  metadata: "discovery_failed",
  registration: "registration_failed",
  token: "token_request_failed",
};

/** A whole body of JSON, compressed. */
const answerCompressed =
  (encoding: "br" | "gzip", body: Buffer): ScriptedAnswer =>
  ({ response }) =>
    void response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding }).end(body);

const answerText =
  (body: string, status = 200): ScriptedAnswer =>
  ({ response }) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(body);

const spaces = Buffer.alloc(64 * mebibyte, " ");
const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
const deepObject = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;

const attacks: readonly (readonly [string, ScriptedAnswer])[] = [
  ["a body without an end", answerEndlessBody()],
  ["a small body that unpacks to a large one, gzip", answerCompressed("gzip", gzipSync(spaces))],
  ["a small body that unpacks to a large one, Brotli", answerCompressed("br", brotliCompressSync(spaces))],
  ["a connection that is closed", answerHangUp()],
  ["a web page", answerHtml()],
  ["nothing", answerStatus(200)],
  ["no content", answerStatus(204)],
  ["a status that does not exist", answerText("{}", 999)],
  ["arrays in arrays", answerText(deep)],
  ["objects in objects", answerText(deepObject)],
  ["a list", answerText("[]")],
  ["a text", answerText('"token"')],
  ["null", answerText("null")],
  ["a number", answerText("1e999")],
  ["half of it", answerText('{"issuer":"')],
  ["bytes that are no text", answerText("\ufffd\ufffd\u0000")],
  ["an empty object", answerText("{}")],
];

describe.each(endpoints)("%s answering with", (endpoint) => {
  it.each(attacks)("%s is an error that says where", async (_name, answer) => {
    const server = await hostileServer({ on: { [endpoint]: answer } });
    const victim = victimOf(server);
    const error = await failureOf(victim.call());
    expect(error.code).toBe(failures[endpoint]);
    expect(error.message).toContain(server.url);
    expectHarmless(error.message);
    expect(error.message.length).toBeLessThan(2000);
    expect(server.count(endpoint)).toBeLessThanOrEqual(2);
  });
});

describe("a member that is built to be costly", () => {
  it.each<[string, (body: Record<string, unknown>) => unknown]>([
    ["a deep token", (body) => ({ ...body, access_token: JSON.parse(deep) })],
    ["a deep type", (body) => ({ ...body, token_type: JSON.parse(deep) })],
    ["a deep scope", (body) => ({ ...body, scope: JSON.parse(deepObject), token_type: "x" })],
    ["a deep error", () => ({ error: JSON.parse(deep) })],
  ])("of a token response, %s, is an error", async (_name, tokenResponse) => {
    const server = await hostileServer();
    server.script.on = {
      token: async (exchange) => {
        const body = tokenResponse({ access_token: "t-1234567", token_type: "Bearer" });
        exchange.response.writeHead(200, { "content-type": "application/json" }).end(unbounded(body));
      },
    };
    expect(await failureOf(victimOf(server).call())).toMatchObject({ code: "token_request_failed" });
  });

  it.each<[string, Record<string, unknown>]>([
    ["a deep identifier", { client_id: JSON.parse(deep) }],
    ["a method that is an object", { client_id: "c-1", token_endpoint_auth_method: { toString: 1, valueOf: 1 } }],
    [
      "an end that is an object",
      { client_id: "c-1", client_secret: "s3cr3t", client_secret_expires_at: { toString: 1, valueOf: 1 } },
    ],
    ["a deep unknown member", { client_id: {}, more: JSON.parse(deep) }],
    ["an identifier without an end", { client_id: "c".repeat(100_000) }],
    ["an identifier with escapes of a terminal", { client_id: "c\u001b]0;pwned\u0007" }],
    ["an identifier with escapes in one byte", { client_id: "c\u009b2J" }],
    ["an identifier with a mark of direction", { client_id: "c\u202e1" }],
    ["a secret with a line break", { client_id: "c-1", client_secret: "s3cr3t\r\nx-injected: 1" }],
    ["a secret that is a list", { client_id: "c-1", client_secret: ["s3cr3t"], client_secret_expires_at: 0 }],
    ["redirect URIs of somebody else", { client_id: "c-1", redirect_uris: ["https://evil.example/callback"] }],
    ["a method that is not known", { client_id: "c-1", token_endpoint_auth_method: "tls_client_auth" }],
  ])("of a registration, %s, is an error", async (_name, body) => {
    const server = await hostileServer();
    server.script.on = {
      registration: ({ response }) =>
        void response.writeHead(201, { "content-type": "application/json" }).end(unbounded(body)),
    };
    const victim = victimOf(server);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("registration_failed");
    expectHarmless(`${error.message}${JSON.stringify(victim.events)}`);
    expect(error.message).not.toContain("s3cr3t");
    expect(victim.opened).toEqual([]);
  });
});

describe("a member that means nothing", () => {
  it.each<[string, Record<string, unknown>]>([
    ["redirect URIs that are none", { client_id: "c-1", redirect_uris: [JSON.parse(deep)] }],
    ["a deep one that nobody knows", { client_id: "c-1", more: JSON.parse(deepObject) }],
    ["an end of a secret that there is none of", { client_id: "c-1", client_secret_expires_at: { toString: 1 } }],
  ])("of a registration, %s, changes nothing", async (_name, body) => {
    const server = await hostileServer();
    server.script.on = {
      registration: ({ response }) =>
        void response.writeHead(201, { "content-type": "application/json" }).end(unbounded(body)),
    };
    expect((await victimOf(server).call()).status).toBe(200);
  });
});

describe("a list that is built to be long", () => {
  it("of authorization servers is not tried to its end", async () => {
    const server = await hostileServer();
    server.script.resourceMetadata = (document) => ({
      ...document,
      authorization_servers: Array.from({ length: 10_000 }, (_, index) => `${server.url}/tenant-${index}`),
    });
    const victim = victimOf(server);
    const error = await failureOf(victim.call());
    expect(error.code).toBe("discovery_failed");
    expect(victim.asked.length).toBeLessThan(30);
    expect(error.message.length).toBeLessThan(10_000);
  });

  it("of scopes is cut to what a URL can have", async () => {
    const server = await hostileServer();
    server.script.resourceMetadata = (document) => ({
      ...document,
      scopes_supported: Array.from({ length: 20_000 }, (_, index) => `scope-${index}`),
    });
    const victim = victimOf(server);
    expect((await victim.call()).status).toBe(200);
    expect(victim.opened[0]?.href.length).toBeLessThan(10_000);
  });

  it("of challenges is read to its end, once", async () => {
    const server = await hostileServer();
    const [first, last] = ["Negotiate a2V5, ".repeat(50_000), `${'Basic realm="x", '.repeat(50_000)}`];
    const many: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const own = response.headers.get("www-authenticate");
      // Real servers are cut off at 16 KiB by the platform; a proxy of one's own may not be.
      return own === null
        ? response
        : new Response(null, { status: 401, headers: { "www-authenticate": `${first}${own}, ${last}` } });
    };
    const victim = victimOf(server, { fetch: many });
    expect((await victim.call()).status).toBe(200);
  });

  it("of headers is cut off by the platform, and the request fails", async () => {
    const server = await hostileServer();
    server.script.challenge = (challenge) => `${"Negotiate, ".repeat(100_000)}${challenge}`;
    await expect(victimOf(server).call()).rejects.toThrow();
    expect(server.count("metadata")).toBe(0);
  });
});

describe("a body that comes too slowly", () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ["by the byte", (response) => drip(response, 5)],
    ["and stops", (response) => void response.write('{"issuer":')],
    ["and never begins", () => {}],
  ])("%s ends with the time for it", async (_name, answer) => {
    const slow = await start((_, response) => {
      answer(response.writeHead(200, { "content-type": "application/json" }));
    });
    const fetch = guardedFetch({ trusted: [slow.url], allowInsecure: false, timeoutMs: 100 });
    const error = await failureOf(fetch(`${slow.url}/token?code=s3cr3t`));
    expect(error).toMatchObject({ code: "discovery_failed" });
    expect(error.message).toContain(`${slow.url}/token gave no whole answer within 100 ms`);
    expect(error.message).not.toContain("s3cr3t");
  });

  it("is given up when the caller gives up, and the server hears of it", async () => {
    const server = await hostileServer({ on: { metadata: answerHalf() } });
    const giveUp = new AbortController();
    const victim = victimOf(server);
    const { signal } = giveUp;
    const call = victim.call({ signal });
    await until(() => server.count("metadata") > 0);
    giveUp.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
  });
});

describe("memory", () => {
  it("does not grow with what a server pours out", async () => {
    const chunk = Buffer.alloc(mebibyte, " ");
    let poured = 0;
    const server = await start((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const pour = (): void => {
        while (!response.destroyed && poured < 1024 * mebibyte) {
          poured += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", pour);
        }
        response.end();
      };
      pour();
    });
    const fetch = guardedFetch({ trusted: [server.url], allowInsecure: false });
    expect((await failureOf(fetch(server.url))).message).toContain(`more than ${mebibyte} bytes`);
    // What was on the way, and not the gigabyte.
    expect(poured).toBeLessThan(64 * mebibyte);
  });
});

/** JSON of any depth; `JSON.stringify` would end at a few thousand. */
function unbounded(value: unknown): string {
  const parts: string[] = [];
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (next instanceof Text) parts.push(next.text);
    else if (Array.isArray(next)) {
      rest.push(new Text("]"));
      for (const [index, each] of [...next.entries()].reverse()) {
        rest.push(each);
        if (index > 0) rest.push(new Text(","));
      }
      parts.push("[");
    } else if (typeof next === "object" && next !== null) {
      rest.push(new Text("}"));
      for (const [index, [name, each]] of [...Object.entries(next).entries()].reverse()) {
        rest.push(each, new Text(`${index > 0 ? "," : ""}${JSON.stringify(name)}:`));
      }
      parts.push("{");
    } else parts.push(JSON.stringify(next));
  }
  return parts.join("");
}

class Text {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function drip(response: ServerResponse, everyMs: number): void {
  const timer = setInterval(() => response.write(" "), everyMs);
  response.once("close", () => clearInterval(timer));
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
