/**
 * Servers that send back what they were sent: a credential in the text of a refusal must not reach an error that
 * people paste into issues (pain 30: xdevplatform/xmcp#12, taylorwilsdon/google_workspace_mcp#446).
 */
import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { listen, mcpServerV2, type RecordedRequest } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import { running, sdks, session } from "./sessions.ts";

const secret = "MARKED-SECRET-4f1c9a";

const credentials = {
  bearer: { auth: { type: "bearer", token: secret } },
  basic: { auth: { type: "basic", username: "ada", password: secret } },
  "api key": { auth: { type: "apiKey", key: secret, name: "X-API-Key", in: "header", prefix: "Key-" } },
  "query key": { auth: { type: "apiKey", key: secret, name: "key", in: "query" } },
  cookie: { auth: { type: "apiKey", key: secret, name: "session", in: "cookie" } },
  "static header": { headers: { "X-Tenant-Key": secret } },
} as const;

type Answer = (echo: string, response: ServerResponse, id: unknown) => void;
const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const answers: Record<string, Answer> = {
  "401 with a description": (echo, response) =>
    void response
      .writeHead(401, {
        "www-authenticate": `Bearer error="invalid_token", error_description="no such token: ${echo}"`,
      })
      .end(),
  "403 with a scope": (echo, response) =>
    void response.writeHead(403, { "www-authenticate": `Bearer error="insufficient_scope", scope="${echo}"` }).end(),
  "503 with a time": (echo, response) => void response.writeHead(503, { "retry-after": echo }).end(),
  "a content type": (echo, response) => void response.writeHead(200, { "content-type": `text/${echo}` }).end("hello"),
  "a JSON-RPC error": (echo, response, id) =>
    json(response, 200, { jsonrpc: "2.0", id, error: { code: -32_603, message: `I got ${echo}`, data: { echo } } }),
  "a JSON-RPC error with HTTP 400": (echo, response) =>
    json(response, 400, { jsonrpc: "2.0", id: null, error: { code: -32_600, message: `I got ${echo}` } }),
  "an answer that is no JSON-RPC": (echo, response) => json(response, 200, { echo }),
  "a content type alone": (_echo, response) =>
    void response.writeHead(200, { "content-type": `text/${secret}` }).end("hello"),
  "the secret instead of JSON": (_echo, response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(secret),
  "broken JSON": (echo, response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(`{ "echo": ${echo}`),
};

/** Everything that came in, and the secret alone: what a careless server might quote. */
function echoOf(request: RecordedRequest): string {
  const { authorization = "", cookie = "" } = request.headers;
  return `${authorization} ${cookie} ${request.url} ${secret}`.replaceAll('"', "");
}

describe.each(sdks)("$name", (sdk) => {
  it.each(Object.keys(credentials).flatMap((name) => Object.keys(answers).map((answer) => [name, answer] as const)))(
    "%s, repeated in %s, is in no error",
    async (name, answer) => {
      const server = await running(
        listen((request, response) => {
          const { id } = request.body === "" ? { id: null } : JSON.parse(request.body);
          answers[answer]?.(echoOf(request), response, id);
        }),
      );
      const client = session(server.url, { sdk }, credentials[name as keyof typeof credentials]);
      const error = await client.connect().then(
        () => expect.unreachable("it connected"),
        (reason: Error) => reason,
      );
      const state = client.getState();
      const shown = [error, state].flatMap((value) => [
        inspect(value, { depth: 20, showHidden: true }),
        JSON.stringify(value),
      ]);
      const basic = Buffer.from(`ada:${secret}`).toString("base64");
      for (const text of [...shown, error.stack ?? ""]) {
        expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
        // The parser of JSON quotes how a text begins.
        expect(text).not.toContain(secret.slice(0, 10));
        expect(text).not.toContain(basic);
      }
    },
  );

  it("a credential that a tool's error repeats is in no error either", async () => {
    const server = await running(
      mcpServerV2({
        prepare: ({ server }) =>
          server.setRequestHandler("tools/call", () => {
            throw Object.assign(new Error(`I got ${secret}`), { code: -32_603, data: { secret } });
          }),
      }),
    );
    const client = await session(server.url, { sdk }, credentials.bearer).connect();
    const error = await client.callTool("echo", {}).then(
      () => expect.unreachable("it answered"),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: "request_failed", rpcCode: -32_603 });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  });
});
