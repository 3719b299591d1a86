/** `SignatureAuth` against `verifyHmacSignature` over real HTTP: both ends agree, and nothing else gets through. */
import { type HmacForm, SignatureAuth } from "@sallyport/auth-core";
import { describe, expect, it } from "vitest";
import { type HmacVerifyOptions, memoryReplayCache, verifyHmacSignature } from "../../src/index.ts";
import { at, heldBack, type Sent, signedServer, tampered } from "./signed-server.ts";

const everything: HmacForm = { message: "{method}\n{path}{query}\n{timestamp}\n{nonce}\n{bodyHash}" };
const secrets = new Map([["key-1", "secret"]]);
const settings: HmacVerifyOptions = { keys: (key) => secrets.get(key), now: () => at };

const post = { method: "POST", body: "{}" } as const;
const client = (form: HmacForm = {}, now = at): SignatureAuth =>
  new SignatureAuth("key-1", "secret", { ...form, now: () => now });

describe("a signed request is accepted", () => {
  it.each<[string, HmacForm]>([
    ["in the default form", {}],
    ["with everything signed", everything],
    ["with the body itself", { message: "{body}{timestamp}{path}{method}" }],
    ["in sha512 and base64", { ...everything, algorithm: "sha512", encoding: "base64" }],
    ["in headers of its own", { keyHeader: "A", timestampHeader: "B", signatureHeader: "C" }],
  ])("%s", async (_, form) => {
    const server = await signedServer((request) => verifyHmacSignature(request, { ...settings, ...form }));
    const body = Uint8Array.of(0xff, 0, 0x80);
    await tampered(client(form))(server.url, { method: "POST", body });
    await tampered(client(form))(`${server.origin}//a%2Fb/%c3%a9/ü;x='1'/../é x?q=ü&&=%zz+%20'`);
    expect(server.verdicts).toEqual([
      expect.objectContaining({ valid: true, keyId: "key-1", body: "\xff\0\x80" }),
      expect.objectContaining({ valid: true, body: "" }),
    ]);
  });
});

describe("a request is refused", () => {
  it.each<[string, string, (sent: Sent) => void]>([
    ["with another method", "signature_invalid", (sent) => Object.assign(sent, { method: "PUT" })],
    ["with another path", "signature_invalid", (sent) => Object.assign(sent, { url: `${sent.url}/x` })],
    ["with another query", "signature_invalid", (sent) => Object.assign(sent, { url: `${sent.url}?a=2` })],
    ["with another body", "signature_invalid", (sent) => Object.assign(sent, { body: "[]" })],
    ["with no body", "signature_invalid", (sent) => Object.assign(sent, { body: null })],
    ["with another nonce", "signature_invalid", ({ headers }) => headers.set("x-nonce", "123456789")],
    ["with no nonce", "signature_malformed", ({ headers }) => headers.delete("x-nonce")],
    ["with another time", "signature_invalid", ({ headers }) => headers.set("x-timestamp", `${at / 1000 + 1}`)],
    [
      "with a zero before the time",
      "signature_malformed",
      ({ headers }) => headers.set("x-timestamp", `0${at / 1000}`),
    ],
    ["with a time in words", "signature_malformed", ({ headers }) => headers.set("x-timestamp", "now")],
    ["with an unknown key", "key_unknown", ({ headers }) => headers.set("x-api-key", "key-2")],
    ["with a signature that is none", "signature_malformed", ({ headers }) => headers.set("x-signature", "zz")],
    ["with a cut signature", "signature_invalid", ({ headers }) => headers.set("x-signature", "00")],
    ["with two signatures", "signature_malformed", ({ headers }) => headers.append("x-signature", "00")],
    ["without a signature", "signature_missing", ({ headers }) => headers.delete("x-signature")],
    ["without a key", "signature_missing", ({ headers }) => headers.delete("x-api-key")],
  ])("%s", async (_, problem, tamper) => {
    const server = await signedServer((request) => verifyHmacSignature(request, { ...settings, ...everything }));
    const response = await tampered(client(everything), tamper)(server.url, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
    expect(server.verdicts).toMatchObject([{ valid: false, problem }]);
  });

  it("when what is after the path has moved into it: the default message has nothing between them", async () => {
    const server = await signedServer((request) => verifyHmacSignature(request, settings));
    const moved = (sent: Sent): void => {
      sent.url = sent.url.replace(/\/mcp0$/, "/mcp");
      sent.headers.set("x-timestamp", `0${sent.headers.get("x-timestamp")}`);
    };
    await tampered(client(), moved)(`${server.origin}/mcp0`);
    expect(server.verdicts).toMatchObject([{ problem: "signature_malformed" }]);
  });

  it.each([
    [-301, "timestamp_outside_window"],
    [-299, undefined],
    [299, undefined],
    [301, "timestamp_outside_window"],
  ])("depending on its time: %d seconds off, and then accepted at the time of the server", async (seconds, problem) => {
    const server = await signedServer((request) => verifyHmacSignature(request, settings));
    await tampered(client({}, at + seconds * 1000))(server.url);
    expect(server.verdicts).toMatchObject(problem === undefined ? [{ valid: true }] : [{ problem }, { valid: true }]);
  });

  it("under another secret", async () => {
    const server = await signedServer((request) => verifyHmacSignature(request, { ...settings, keys: () => "other" }));
    await tampered(client())(server.url);
    expect(server.verdicts).toMatchObject([{ problem: "signature_invalid" }]);
  });

  it("when it comes a second time, but not when it is only equal", async () => {
    const replayCache = memoryReplayCache({ now: () => at });
    const options = { ...settings, ...everything, replayCache };
    const server = await signedServer((request) => verifyHmacSignature(request, options));
    let kept: Sent | undefined;
    const send = tampered(client(everything), (sent) => {
      kept = sent;
    });
    await send(server.url);
    await send(server.url);
    if (kept !== undefined) await fetch(kept.url, { headers: kept.headers });
    expect(server.verdicts).toMatchObject([{ valid: true }, { valid: true }, { problem: "replayed" }]);
  });

  it("when it comes a second time, and holds its body back until the first is forgotten", async () => {
    let time = at;
    const now = (): number => time;
    const options = { ...settings, ...everything, replayCache: memoryReplayCache({ now }), now };
    const { value } = await client(everything).authFlow(new Request("https://a.example/", post)).next();
    const { headers } = value as Request;
    const first = new Request("https://a.example/", { ...post, headers });
    expect(await verifyHmacSignature(first, options)).toMatchObject({ valid: true });
    const late = heldBack(post.body, () => {
      time += 301_000;
    });
    const second = new Request("https://a.example/", { ...post, headers, ...late });
    expect(await verifyHmacSignature(second, options)).toMatchObject({ problem: "timestamp_outside_window" });
  });

  it("when its body is longer than is read, declared or not", async () => {
    const options = { ...settings, ...everything, maxBodyBytes: 10 };
    const server = await signedServer((request) => verifyHmacSignature(request, options));
    const stream = new Blob(["x".repeat(11)]).stream();
    const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream, duplex: "half" };
    await tampered(client(everything))(server.url, { method: "POST", body: "x".repeat(11) });
    await tampered(client(everything))(server.url, init);
    await tampered(client(everything))(server.url, { method: "POST", body: "x".repeat(10) });
    expect(server.verdicts).toMatchObject([
      { problem: "body_too_large" },
      { problem: "body_too_large" },
      { valid: true },
    ]);
  });
});

describe("an error, not a refusal", () => {
  const request = (): Request =>
    new Request("https://a.example/", {
      headers: { "x-api-key": "k", "x-timestamp": `${at / 1000}`, "x-signature": "00" },
    });

  it.each<[string, Partial<HmacVerifyOptions>]>([
    ["a message without a timestamp", { message: "{method}{path}" }],
    ["a message without a path", { message: "{method}{timestamp}" }],
    ["an unknown placeholder", { message: "{method}{path}{timestamp}{x}" }],
    ["a window of nothing", { windowSeconds: 0 }],
    ["a window that is no number", { windowSeconds: Number.NaN }],
    ["an empty secret", { keys: () => "" }],
  ])("%s", async (_, options) => {
    await expect(verifyHmacSignature(request(), { ...settings, ...options })).rejects.toMatchObject({
      code: "config_invalid",
    });
  });

  it("a key store that is away", async () => {
    const down = new Error("down");
    await expect(verifyHmacSignature(request(), { ...settings, keys: () => Promise.reject(down) })).rejects.toBe(down);
  });
});
