/**
 * Every scheme, over both SDK lines, against a live MCP server that verifies the credential of every request: a tool call
 * whose answer is a stream with progress in it. And with a wrong secret: nobody gets in.
 */
import { generateKeyPairSync } from "node:crypto";
import {
  type Guard,
  type McpTestServer,
  mcpServerV1,
  mcpServerV2,
  requireAws,
  requireBearer,
  requireHeader,
} from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import type { Auth, AuthSetting, HeadersFunction } from "../../src/index.ts";
import { digestGuard } from "../support/digest-guard.ts";
import { failureOf } from "../support/failure.ts";
import { hmacGuard, messageSignatureGuard } from "../support/signature-guards.ts";
import { running, sdks, session } from "./sessions.ts";

interface Scheme {
  readonly name: string;
  /** The scheme with the secret "right", and with any other. */
  auth(secret: string): AuthSetting | undefined;
  headers?(secret: string): HeadersFunction;
  /** Lets in what was made with the secret "right". */
  guard(): Guard;
  /** Requests that are refused on purpose, to learn what the server wants. */
  readonly challenges?: number;
}

class OwnAuth implements Auth {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    request.headers.set("X-Own", this.#key);
    yield request;
  }
}

const keyPair = () =>
  generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
const [keys, otherKeys] = [keyPair(), keyPair()];
const aws = { region: "eu-central-1", service: "lambda", accessKeyId: "AKIDEXAMPLE" };
const digest = (algorithm: string, qop: string): Scheme => ({
  name: `digest (${algorithm}, ${qop})`,
  auth: (password) => ({ type: "digest", username: "ana", password }),
  guard: () => digestGuard({ username: "ana", password: "right", offers: [{ algorithm, qop }] }).guard,
  challenges: 1,
});

const schemes: readonly Scheme[] = [
  { name: "bearer", auth: (token) => ({ type: "bearer", token }), guard: () => requireBearer("right") },
  {
    name: "basic",
    auth: (password) => ({ type: "basic", username: "ana", password }),
    guard: () => requireHeader("authorization", `Basic ${btoa("ana:right")}`),
  },
  digest("MD5", "auth"),
  digest("SHA-256-sess", "auth-int"),
  digest("SHA-512-256", "auth"),
  {
    name: "a key in a header",
    auth: (key) => ({ type: "apiKey", key, name: "X-API-Key", in: "header" }),
    guard: () => requireHeader("x-api-key", "right"),
  },
  {
    name: "a key in the query",
    auth: (key) => ({ type: "apiKey", key, name: "key", in: "query" }),
    guard:
      () =>
      (_, { url }) =>
        new URL(url, "http://server").searchParams.get("key") === "right" ? undefined : { status: 401 },
  },
  {
    name: "a key in a cookie",
    auth: (key) => ({ type: "apiKey", key, name: "session", in: "cookie" }),
    guard: () => requireHeader("cookie", "session=right"),
  },
  {
    name: "several headers",
    auth: (key) => ({ type: "headers", headers: { "X-Account": "ana", "X-Key": () => key } }),
    guard: () => (headers) =>
      headers["x-account"] === "ana" && headers["x-key"] === "right" ? undefined : { status: 401 },
  },
  {
    name: "HMAC",
    auth: (apiSecret) => ({
      type: "signature",
      apiKey: "key-1",
      apiSecret,
      algorithm: "sha256",
      message: "{method}\n{path}{query}\n{timestamp}\n{nonce}\n{bodyHash}",
    }),
    guard: () => hmacGuard("key-1", "right"),
  },
  {
    name: "HTTP message signature",
    auth: (secret) => ({
      type: "httpSignature",
      keyId: "key-1",
      key: (secret === "right" ? keys : otherKeys).privateKey,
      components: [
        "@method",
        "@target-uri",
        "content-type",
        "content-digest",
        "mcp-session-id",
        "mcp-protocol-version",
      ],
    }),
    guard: () => messageSignatureGuard("key-1", keys.publicKey),
  },
  {
    name: "AWS Signature Version 4",
    auth: (secretAccessKey) => ({ type: "awsSigV4", ...aws, secretAccessKey }),
    guard: () => requireAws({ ...aws, secretAccessKey: "right" }),
  },
  { name: "a function", auth: (key) => async () => ({ "X-Own": key }), guard: () => requireHeader("x-own", "right") },
  { name: "a class of one's own", auth: (key) => new OwnAuth(key), guard: () => requireHeader("x-own", "right") },
  {
    name: "headers from a function",
    auth: () => undefined,
    headers: (key) => async () => ({ "X-Own": key }),
    guard: () => requireHeader("x-own", "right"),
  },
];

const servers = [
  { kind: "SDK 1.x", start: (guard: Guard) => mcpServerV1({ guard }) },
  { kind: "SDK 2.x", start: (guard: Guard) => mcpServerV2({ guard }) },
];

describe.each(schemes)("$name", ({ auth, headers, guard, challenges = 0 }) => {
  const target = (secret: string) => ({
    auth: auth(secret),
    ...(headers === undefined ? {} : { headers: headers(secret) }),
  });

  /** A server, and how many requests it has refused. */
  const guarded = async (start: (guard: Guard) => Promise<McpTestServer>) => {
    const judge = guard();
    const count = { refusals: 0 };
    const server = await running(
      start(async (...asked) => {
        const refusal = await judge(...asked);
        if (refusal !== undefined) count.refusals += 1;
        return refusal;
      }),
    );
    return { server, count };
  };

  describe.each(sdks)("over $name", (sdk) => {
    it.each(servers)("gets a streamed answer from a server on $kind", async ({ start }) => {
      const { server, count } = await guarded(start);
      const client = session(server.url, { sdk }, target("right"));
      const progress: number[] = [];
      const onProgress = (report: { progress: number }) => void progress.push(report.progress);
      const result = await client.callTool("count", { to: 3 }, { onProgress });
      expect(result.content).toEqual([{ type: "text", text: "counted to 3" }]);
      expect(progress).toEqual([1, 2, 3]);
      expect(count.refusals).toBe(challenges);
    });

    it.each(servers)("gets nothing from a server on $kind with a wrong secret", async ({ start }) => {
      const { server, count } = await guarded(start);
      const error = await failureOf(session(server.url, { sdk }, target("wrong")).connect());
      expect(error).toMatchObject({ code: "unauthorized" });
      expect(count.refusals).toBe(server.requests.length);
    });
  });
});

it("says what AWS has against a signature", async () => {
  const server = await running(mcpServerV2({ guard: requireAws({ ...aws, secretAccessKey: "right" }) }));
  const auth: AuthSetting = { type: "awsSigV4", ...aws, secretAccessKey: "wrong" };
  const error = await failureOf(session(server.url, {}, { auth }).connect());
  expect(error.message).toContain('The server says "InvalidSignatureException".');
});
