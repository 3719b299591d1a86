/** `HttpSignatureAuth` against `verifyHttpSignature` over real HTTP: RFC 9421 §3.2, §7 and RFC 9530. */
import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import { HttpSignatureAuth, type HttpSignatureOptions } from "@sallyport/auth-core";
import { describe, expect, it } from "vitest";
import {
  type HttpVerifyOptions,
  memoryReplayCache,
  type VerificationKey,
  verifyHttpSignature,
} from "../../src/index.ts";
import { at, heldBack, type Sent, type SignedServer, signedServer, tampered } from "./signed-server.ts";

const pkcs8 = { type: "pkcs8", format: "pem" } as const;
const spki = { type: "spki", format: "pem" } as const;
const pairs = {
  ed25519: generateKeyPairSync("ed25519"),
  "ecdsa-p256-sha256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "rsa-pss-sha512": generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
const privateKey = pairs.ed25519.privateKey.export(pkcs8) as string;
const keys = new Map<string, VerificationKey>([
  ...Object.entries(pairs).map(([name, { publicKey }]) => [name, { key: publicKey.export(spki) as string }] as const),
  ["hmac-sha256", { key: "secret", algorithm: "hmac-sha256" }],
]);
const settings: HttpVerifyOptions = { keys: (id) => keys.get(id), now: () => at };

const client = (options: HttpSignatureOptions = {}, keyId = "ed25519"): HttpSignatureAuth =>
  new HttpSignatureAuth(keyId, privateKey, { now: () => at, ...options });

const server = (options: Partial<HttpVerifyOptions> = {}): Promise<SignedServer> =>
  signedServer((request) => verifyHttpSignature(request, { ...settings, ...options }));

describe("a signed request is accepted", () => {
  it.each<[string, string]>([
    ...Object.entries(pairs).map(([name, pair]): [string, string] => [name, pair.privateKey.export(pkcs8) as string]),
    ...Object.entries(pairs).map(([name, pair]): [string, string] => [
      name,
      JSON.stringify(pair.privateKey.export({ format: "jwk" })),
    ]),
    ["hmac-sha256", "secret"],
  ])("with %s", async (name, key) => {
    const { url, verdicts } = await server();
    const options = { now: () => at, ...(name === "hmac-sha256" && { algorithm: name }) } as HttpSignatureOptions;
    await tampered(new HttpSignatureAuth(name, key, options))(url, { method: "POST", body: Uint8Array.of(0xff, 0) });
    expect(verdicts).toMatchObject([{ valid: true, keyId: name, algorithm: name, body: "\xff\0" }]);
  });

  it("without a body, with a stream, and with every component", async () => {
    const components = ["@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"];
    components.push('@query-param;name="a%20b"', "content-digest", "x-two");
    const { url, verdicts } = await server({ required: components });
    const send = tampered(client({ components, digest: "sha-512" }));
    const headers: [string, string][] = [
      ["x-two", "1"],
      ["x-two", ' "2, 3" '],
    ];
    const body = new Blob(["one ", "two"]).stream();
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body, duplex: "half" };
    await send(`${url}?a+b=1&c=%C3%BC`, init);
    await send(`${url}?a%20b=`, { method: "DELETE", headers });
    await send(`${url}?a b=é`);
    expect(verdicts).toMatchObject([
      { valid: true, body: "one two" },
      { valid: true, body: "" },
      { valid: true, components: expect.arrayContaining(['"@query-param";name="a%20b"']) },
    ]);
  });

  it.each(["//a.example/x", "/a%2Fb/%c3%a9/ü;x='1'/../é x?q=ü&&=%zz+%20'\"", "/?", "/mcp?#part", "/%00%ff"])(
    "to %s",
    async (target) => {
      const { origin, verdicts } = await server();
      await tampered(client())(`${origin}${target}`);
      expect(verdicts).toMatchObject([{ valid: true }]);
    },
  );

  it("under the origin that clients see", async () => {
    const { url, origin, verdicts } = await server({ origin: "https://api.example.com" });
    const toProxy = (sent: Sent): void => {
      sent.url = sent.url.replace("https://api.example.com", origin);
    };
    await tampered(client(), toProxy)("https://api.example.com/mcp?a=b");
    await tampered(client())(url);
    expect(verdicts).toMatchObject([{ valid: true }, { problem: "signature_invalid" }]);
  });
});

describe("a request is refused", () => {
  const withInput = (change: (input: string) => string) => {
    return ({ headers }: Sent): void => headers.set("signature-input", change(headers.get("signature-input") ?? ""));
  };

  it.each<[string, string, (sent: Sent) => void]>([
    ["with another method", "signature_invalid", (sent) => Object.assign(sent, { method: "PUT" })],
    ["with another path", "signature_invalid", (sent) => Object.assign(sent, { url: sent.url.replace("mcp", "mcq") })],
    ["with another query", "signature_invalid", (sent) => Object.assign(sent, { url: `${sent.url}&b=2` })],
    [
      "with another host",
      "signature_invalid",
      (sent) => Object.assign(sent, { url: sent.url.replace("127.0.0.1", "localhost") }),
    ],
    ["with another header", "signature_invalid", ({ headers }) => headers.set("x-signed", "2")],
    ["with one more line of a header", "signature_invalid", ({ headers }) => headers.append("x-signed", "2")],
    ["without a header", "signature_invalid", ({ headers }) => headers.delete("x-signed")],
    ["with another body", "digest_mismatch", (sent) => Object.assign(sent, { body: "[]" })],
    ["with no body", "digest_mismatch", (sent) => Object.assign(sent, { body: null })],
    ["with another digest", "signature_invalid", ({ headers }) => headers.set("content-digest", "sha-256=:AA==:")],
    ["with one more digest", "signature_invalid", ({ headers }) => headers.append("content-digest", "md5=:AA==:")],
    ["without the digest", "signature_invalid", ({ headers }) => headers.delete("content-digest")],
    [
      "with another time",
      "signature_invalid",
      withInput((input) => input.replace(/created=\d+/, `created=${at / 1000 + 1}`)),
    ],
    ["without a time", "component_missing", withInput((input) => input.replace(/;created=\d+/, ""))],
    [
      "with another end",
      "signature_invalid",
      withInput((input) => input.replace(/expires=\d+/, `expires=${at / 1000 + 99}`)),
    ],
    [
      "with an end that has passed",
      "timestamp_outside_window",
      withInput((input) => input.replace(/expires=\d+/, `expires=${at / 1000}`)),
    ],
    ["with another nonce", "signature_invalid", withInput((input) => input.replace(/nonce="./, 'nonce="_'))],
    ["with another tag", "signature_invalid", withInput((input) => input.replace('tag="t"', 'tag="u"'))],
    ["without its tag", "signature_invalid", withInput((input) => input.replace(';tag="t"', ""))],
    ["with an unknown key", "key_unknown", withInput((input) => input.replace('keyid="ed25519"', 'keyid="x"'))],
    ["without a key id", "component_missing", withInput((input) => input.replace(';keyid="ed25519"', ""))],
    [
      "under the key of another",
      "signature_invalid",
      withInput((input) => input.replace('keyid="ed25519"', 'keyid="ecdsa-p256-sha256"')),
    ],
    [
      "with an algorithm that its key has not",
      "algorithm_mismatch",
      withInput((input) => `${input};alg="hmac-sha256"`),
    ],
    [
      "with its components in another order",
      "signature_invalid",
      withInput((input) => input.replace('"@method" "@target-uri"', '"@target-uri" "@method"')),
    ],
    ["with the method no longer signed", "component_missing", withInput((input) => input.replace('"@method" ', ""))],
    [
      "with the target no longer signed",
      "component_missing",
      withInput((input) => input.replace(' "@target-uri"', "")),
    ],
    [
      "with the digest no longer signed",
      "component_missing",
      withInput((input) => input.replace(' "content-digest"', "")),
    ],
    [
      "with a component twice",
      "signature_malformed",
      withInput((input) => input.replace('"@method"', '"@method" "@method"')),
    ],
    [
      "with an unknown component",
      "signature_malformed",
      withInput((input) => input.replace('"@method"', '"@method" "@evil"')),
    ],
    [
      "with a component in upper case",
      "signature_malformed",
      withInput((input) => input.replace('"x-signed"', '"X-Signed"')),
    ],
    [
      "with a parameter of a component",
      "signature_malformed",
      withInput((input) => input.replace('"x-signed"', '"x-signed";bs')),
    ],
    [
      "with a time that is no integer",
      "signature_malformed",
      withInput((input) => input.replace(/created=(\d+)/, "created=$1.5")),
    ],
    [
      "with a time in quotes",
      "signature_malformed",
      withInput((input) => input.replace(/created=(\d+)/, 'created="$1"')),
    ],
    [
      "with a key id that is no string",
      "signature_malformed",
      withInput((input) => input.replace('keyid="ed25519"', "keyid=ed25519")),
    ],
    ["with fields that are no dictionary", "signature_malformed", withInput((input) => `${input},`)],
    ["with a list that does not end", "signature_malformed", withInput((input) => input.slice(0, 10))],
    ["with fields beyond all bounds", "signature_malformed", withInput((input) => `${input};x="${"x".repeat(8192)}"`)],
    ["with too many signatures", "signature_malformed", withInput((input) => [input, ..."abcdefgh"].join(", "))],
    [
      "with the signature under another label",
      "signature_malformed",
      withInput((input) => input.replace("sig1", "sig2")),
    ],
    [
      "with a signature that is a string",
      "signature_malformed",
      ({ headers }) => headers.set("signature", 'sig1="AA"'),
    ],
    ["with an empty signature", "signature_invalid", ({ headers }) => headers.set("signature", "sig1=::")],
    ["without a signature", "signature_malformed", ({ headers }) => headers.delete("signature")],
    ["without a description of it", "signature_missing", ({ headers }) => headers.delete("signature-input")],
  ])("%s", async (_, problem, tamper) => {
    const components = ["@method", "@target-uri", "content-digest", "x-signed"];
    const { url, verdicts } = await server();
    const send = tampered(client({ components, expiresIn: 60, tag: "t" }), tamper);
    const init = { method: "POST", body: "{}", headers: { "x-signed": "1" } };
    expect((await send(`${url}?a=1`, init)).status).toBe(401);
    expect(verdicts).toMatchObject([{ valid: false, problem }]);
  });

  it.each([
    ["the method", ["@target-uri", "content-digest"]],
    ["the target", ["@method", "@path", "content-digest"]],
    ["the digest of a body", ["@method", "@target-uri"]],
  ])("when the client does not sign %s", async (_, components) => {
    const { url, verdicts } = await server();
    await tampered(client({ components }))(url, { method: "POST", body: "{}" });
    expect(verdicts).toMatchObject([{ problem: "component_missing" }]);
  });

  it("when it has a header that must be signed and is not, and only then", async () => {
    const { url, verdicts } = await server({ required: ["mcp-session-id"] });
    const send = tampered(client());
    await send(url);
    await send(url, { headers: { "mcp-session-id": "s" } });
    await tampered(client({ components: ["mcp-session-id"] }))(url, { headers: { "mcp-session-id": "s" } });
    expect(verdicts).toMatchObject([{ valid: true }, { problem: "component_missing" }, { valid: true }]);
  });

  it.each([
    [-301, "timestamp_outside_window"],
    [-299, undefined],
    [299, undefined],
    [301, "timestamp_outside_window"],
  ])("depending on its time: %d seconds off, and then accepted at the time of the server", async (seconds, problem) => {
    const { url, verdicts } = await server();
    await tampered(client({ now: () => at + seconds * 1000 }))(url);
    expect(verdicts).toMatchObject(problem === undefined ? [{ valid: true }] : [{ problem }, { valid: true }]);
  });

  const body = "{}";
  const sha256 = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const sha512 = `sha-512=:${createHash("sha512").update(body).digest("base64")}:`;

  it.each([
    ["the right one", sha256, true],
    ["two right ones", `${sha512}, ${sha256}`, true],
    ["a right one and one that is not safe", `md5=:AAAA:, ${sha256}`, true],
    ["a right one and a wrong one", `${sha256}, sha-512=:AAAA:`, false],
    ["one that is not safe", `md5=:${createHash("md5").update(body).digest("base64")}:`, false],
    ["none", "", false],
    ["one that is no byte sequence", "sha-256=1", false],
    ["one that is no dictionary", "sha-256", false],
    ["a list", "sha-256=(:AA==:)", false],
    ["a wrong one", sha256.replace(/=:./, "=:/"), false],
  ])("by its digest, though signed: %s", async (_, digest, valid) => {
    const params = `("@method" "@target-uri" "content-digest");created=${at / 1000};keyid="hmac-sha256"`;
    const base = [
      '"@method": POST',
      '"@target-uri": https://a.example/',
      `"content-digest": ${digest}`,
      `"@signature-params": ${params}`,
    ];
    const signature = createHmac("sha256", "secret").update(base.join("\n")).digest("base64");
    const headers = { "content-digest": digest, "signature-input": `s=${params}`, signature: `s=:${signature}:` };
    const verdict = await verifyHttpSignature(
      new Request("https://a.example/", { method: "POST", headers, body }),
      settings,
    );
    expect(verdict).toMatchObject(valid ? { valid } : { problem: "digest_mismatch" });
  });

  it("when it comes a second time, but not when it is only equal", async () => {
    const { url, verdicts } = await server({ replayCache: memoryReplayCache({ now: () => at }) });
    let kept: Sent | undefined;
    const send = tampered(client(), (sent) => {
      kept = sent;
    });
    await send(url);
    await send(url);
    if (kept !== undefined) await fetch(kept.url, { headers: kept.headers });
    expect(verdicts).toMatchObject([{ valid: true }, { valid: true }, { problem: "replayed" }]);
  });

  it("when it comes a second time, and holds its body back until the first is forgotten", async () => {
    let time = at;
    const now = (): number => time;
    const options = { keys: () => shared, replayCache: memoryReplayCache({ now }), now };
    const shared = { key: "secret", algorithm: "hmac-sha256" } as const;
    const post = { method: "POST", body: "{}" } as const;
    const auth = new HttpSignatureAuth("k", "secret", { algorithm: "hmac-sha256", now });
    const { value } = await auth.authFlow(new Request("https://a.example/", post)).next();
    const { headers } = value as Request;
    const first = new Request("https://a.example/", { ...post, headers });
    expect(await verifyHttpSignature(first, options)).toMatchObject({ valid: true });
    const late = heldBack(post.body, () => {
      time += 301_000;
    });
    const second = new Request("https://a.example/", { ...post, headers, ...late });
    expect(await verifyHttpSignature(second, options)).toMatchObject({ problem: "timestamp_outside_window" });
  });

  it("when it comes a second time with the other signature that ECDSA has for it", async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const { url, verdicts } = await server({ replayCache: memoryReplayCache({ now: () => at }) });
    const key = pairs["ecdsa-p256-sha256"].privateKey.export(pkcs8) as string;
    let kept: Sent | undefined;
    const auth = new HttpSignatureAuth("ecdsa-p256-sha256", key, { now: () => at });
    await tampered(auth, (sent) => {
      kept = sent;
    })(url);
    const signature = Buffer.from(/:(.*):/.exec(kept?.headers.get("signature") ?? "")?.[1] ?? "", "base64");
    const twin = (order - BigInt(`0x${signature.toString("hex", 32)}`)).toString(16).padStart(64, "0");
    const other = Buffer.concat([signature.subarray(0, 32), Buffer.from(twin, "hex")]).toString("base64");
    kept?.headers.set("signature", `sig1=:${other}:`);
    if (kept !== undefined) await fetch(kept.url, { headers: kept.headers });
    expect(verdicts).toMatchObject([{ valid: true }, { problem: "replayed" }]);
  });

  it("when its body is longer than is read", async () => {
    const { url, verdicts } = await server({ maxBodyBytes: 10 });
    await tampered(client())(url, { method: "POST", body: "x".repeat(11) });
    await tampered(client())(url, { method: "POST", body: "x".repeat(10) });
    expect(verdicts).toMatchObject([{ problem: "body_too_large" }, { valid: true }]);
  });
});

it("of several signatures one good one is enough, unless a label says which", async () => {
  const other = { now: () => at, label: "other" };
  const secret = new HttpSignatureAuth("hmac-sha256", "wrong", { ...other, algorithm: "hmac-sha256" });
  const both = (url: string) =>
    tampered(client(), (sent) => {
      const { headers } = sent;
      headers.set("signature-input", `${kept.get("signature-input")}, ${headers.get("signature-input")}`);
      headers.set("signature", `${kept.get("signature")}, ${headers.get("signature")}`);
    })(url);
  let kept = new Headers();
  for (const [label, expected] of [
    [undefined, { valid: true, label: "sig1" }],
    ["sig1", { valid: true, label: "sig1" }],
    ["other", { problem: "signature_invalid" }],
    ["none", { problem: "signature_missing" }],
  ] as const) {
    const { url, verdicts } = await server(label === undefined ? {} : { label });
    await tampered(secret, ({ headers }) => {
      kept = headers;
    })(url);
    await both(url);
    expect(verdicts.at(-1)).toMatchObject(expected);
  }
});

describe("an error, not a refusal", () => {
  const input = '("@method" "@target-uri");created=1767225600;keyid="k"';
  const request = (): Request =>
    new Request("https://a.example/", { headers: { "signature-input": `s=${input}`, signature: "s=:AA==:" } });

  it.each<[string, Partial<HttpVerifyOptions>, string]>([
    ["a private key", { keys: () => ({ key: privateKey }) }, "openssl pkey -pubout"],
    ["no key at all", { keys: () => ({ key: "marker" }) }, "hmac-sha256"],
    [
      "a public key as a shared secret",
      { keys: () => ({ ...keys.get("ed25519"), algorithm: "hmac-sha256" }) as VerificationKey },
      "ed25519",
    ],
    ["a required component that is none", { required: ["@evil"] }, "@method"],
    ["an origin with a path", { origin: "https://a.example/mcp" }, "origin"],
    ["an origin that is none", { origin: "a.example" }, "origin"],
    ["no window", { windowSeconds: -1 }, "windowSeconds"],
    ["no room for a body", { maxBodyBytes: 0 }, "maxBodyBytes"],
  ])("%s", async (_, options, fix) => {
    const verdict = verifyHttpSignature(request(), { ...settings, ...options });
    await expect(verdict).rejects.toMatchObject({ code: "config_invalid", message: expect.stringContaining(fix) });
    await expect(verdict).rejects.not.toMatchObject({ message: expect.stringContaining("marker") });
  });

  it("a key store that is away", async () => {
    const down = new Error("down");
    await expect(verifyHttpSignature(request(), { ...settings, keys: () => Promise.reject(down) })).rejects.toBe(down);
  });
});

describe("memoryReplayCache", () => {
  it("forgets what is over, and nothing before that", () => {
    let now = at;
    const cache = memoryReplayCache({ maxEntries: 2, now: () => now });
    const later = at / 1000 + 10;
    expect([cache.remember("a", later), cache.remember("a", later), cache.remember("b", later)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(() => cache.remember("c", later)).toThrow(expect.objectContaining({ code: "temporarily_unavailable" }));
    now += 11_000;
    expect([cache.remember("c", later + 11), cache.remember("a", later + 11)]).toEqual([true, true]);
  });

  it.each([0, -1, 1.5, Number.NaN])("does not hold %d requests", (maxEntries) => {
    expect(() => memoryReplayCache({ maxEntries })).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});
