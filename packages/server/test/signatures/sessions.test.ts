/** MCP sessions that sign every request, on both lines of the SDK, against servers that verify every one. */
import { generateKeyPairSync } from "node:crypto";
import type { AuthConfig } from "@sallyport/auth-core";
import { Session } from "@sallyport/auth-core/mcp";
import { sdkV1 } from "@sallyport/auth-core/mcp/sdk-v1";
import { sdkV2 } from "@sallyport/auth-core/mcp/sdk-v2";
import { type Guard, mcpServerV1, mcpServerV2 } from "@sallyport/testkit";
import { expect, it, onTestFinished } from "vitest";
import { memoryReplayCache, verifyHmacSignature, verifyHttpSignature } from "../../src/index.ts";
import type { Verdict } from "./signed-server.ts";

const pair = generateKeyPairSync("ed25519");
const key = { key: pair.publicKey.export({ type: "spki", format: "pem" }) as string };
const privateKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const message = "{method}\n{path}{query}\n{timestamp}\n{nonce}\n{bodyHash}";

const schemes: readonly [AuthConfig, () => (request: Request) => Promise<Verdict>][] = [
  [
    { type: "signature", apiKey: "k", apiSecret: "secret", algorithm: "sha256", message },
    () => {
      const replayCache = memoryReplayCache();
      return (request) => verifyHmacSignature(request, { keys: () => "secret", message, replayCache });
    },
  ],
  [
    {
      type: "httpSignature",
      keyId: "k",
      key: privateKey,
      components: ["@method", "@target-uri", "content-digest", "mcp-session-id", "mcp-protocol-version"],
    },
    () => {
      const required = ["@method", "@target-uri", "content-digest", "mcp-session-id", "mcp-protocol-version"];
      const replayCache = memoryReplayCache();
      return (request) => verifyHttpSignature(request, { keys: () => key, required, replayCache });
    },
  ],
];

function guard(verify: (request: Request) => Promise<Verdict>, refusals: Verdict[]): Guard {
  return async (_, { method, url, rawHeaders, body }) => {
    const headers = rawHeaders.map(([name, value]): [string, string] => [name, value]);
    const host = new Headers(headers).get("host");
    const request = new Request(`http://${host}${url}`, { method, headers, body: body === "" ? null : body });
    const verdict = await verify(request);
    if (!verdict.valid) refusals.push(verdict);
    return verdict.valid ? undefined : { status: 401 };
  };
}

const cases = schemes.flatMap(([auth, verifier]) =>
  [sdkV1, sdkV2].flatMap((sdk) =>
    [mcpServerV1, mcpServerV2].map((start) => [auth.type, sdk, start, auth, verifier] as const),
  ),
);

it.each(cases)("%s: tools are called, one with a streamed answer", async (_, sdk, start, auth, verifier) => {
  const refusals: Verdict[] = [];
  const server = await start({ guard: guard(verifier(), refusals) });
  onTestFinished(() => server.close());
  const target = { kind: "http", url: server.url, transport: "http", headers: {}, auth } as const;
  const session = await new Session(target, { sdk, timeoutMs: 10_000 }).connect();
  onTestFinished(() => session.close());
  expect((await session.listTools()).length).toBeGreaterThan(0);
  const answers = await Promise.all(["a", "b", "ü"].map((text) => session.callTool("echo", { text })));
  expect(answers.map(({ content }) => JSON.stringify(content))).toEqual(
    ["a", "b", "ü"].map((text) => expect.stringContaining(text)),
  );
  expect(JSON.stringify(await session.callTool("count", { to: 3 }))).toContain("counted to 3");
  expect(refusals).toEqual([]);
});

it("another key gets nowhere", async () => {
  const refusals: Verdict[] = [];
  const server = await mcpServerV2({
    guard: guard((request) => verifyHttpSignature(request, { keys: () => key }), refusals),
  });
  onTestFinished(() => server.close());
  const auth = { type: "httpSignature", keyId: "k", key: "secret", algorithm: "hmac-sha256" } as const;
  const target = { kind: "http", url: server.url, transport: "http", headers: {}, auth } as const;
  const session = new Session(target, { sdk: sdkV2, timeoutMs: 10_000 });
  onTestFinished(() => session.close());
  await expect(session.connect()).rejects.toMatchObject({ code: "unauthorized" });
  expect(refusals[0]).toMatchObject({ problem: "signature_invalid" });
});
