/** What `SignatureAuth` signs and sends: design §3, RFC 4231; and how both signing schemes take a clock that is off. */
import { createHash, createHmac } from "node:crypto";
import { listen } from "@sallyport/testkit";
import { describe, expect, it } from "vitest";
import {
  createAuth,
  createAuthFetch,
  HttpSignatureAuth,
  SignatureAuth,
  type SignatureOptions,
} from "../../src/index.ts";
import { HmacScheme } from "../../src/schemes/hmac.ts";
import { failureOf } from "../support/failure.ts";

const at = Date.UTC(2026, 0, 1);

async function signed(
  options: SignatureOptions,
  request = new Request("https://a.example/mcp?a=b", { method: "POST", body: "{}" }),
): Promise<Headers> {
  const step = await new SignatureAuth("key-1", "secret", { now: () => at, ...options }).authFlow(request).next();
  if (step.done) throw new Error("the flow has sent nothing");
  return step.value.headers;
}

const hmac = (message: string, algorithm = "sha256", encoding: "hex" | "base64" = "hex"): string =>
  createHmac(algorithm, "secret").update(message).digest(encoding);

describe("the signature", () => {
  it("is by default over method, path and timestamp", async () => {
    const headers = await signed({});
    expect(headers.get("x-api-key")).toBe("key-1");
    expect(headers.get("x-timestamp")).toBe("1767225600");
    expect(headers.get("x-signature")).toBe(hmac("POST/mcp1767225600"));
    expect(headers.has("x-nonce")).toBe(false);
  });

  it.each([
    ["{method} {path}{query} {timestamp}", "POST /mcp?a=b 1767225600"],
    ["{timestamp}.{body}", "1767225600.{}"],
    ["{bodyHash}", createHash("sha256").update("{}").digest("hex")],
    ["no placeholder", "no placeholder"],
    ["{path}{path}", "/mcp/mcp"],
  ])("is over the message %j", async (message, text) => {
    expect((await signed({ message })).get("x-signature")).toBe(hmac(text));
  });

  it.each([
    ["sha384", "hex"],
    ["sha512", "base64"],
  ] as const)("in %s and %s, the hash of the body too", async (algorithm, encoding) => {
    const hash = createHash(algorithm).update("{}").digest("hex");
    const headers = await signed({ algorithm, encoding, message: "{bodyHash}" });
    expect(headers.get("x-signature")).toBe(hmac(hash, algorithm, encoding));
  });

  it("has a path as it is sent", async () => {
    const request = new Request("https://a.example/a%2Fb/ü/../é x?q=ü");
    const headers = await signed({ message: "{path}{query}" }, request);
    expect(headers.get("x-signature")).toBe(hmac("/a%2Fb/%C3%A9%20x?q=%C3%BC"));
  });

  it("has a nonce of its own when the message has one", async () => {
    const message = "{nonce}";
    const [one, other] = [await signed({ message }), await signed({ message, nonceHeader: "X-Once" })];
    expect(one.get("x-signature")).toBe(hmac(one.get("x-nonce") ?? ""));
    expect(other.get("x-signature")).toBe(hmac(other.get("x-once") ?? ""));
    expect(one.get("x-nonce")).not.toBe(other.get("x-once"));
  });

  it("covers bytes that are no text", async () => {
    const body = Uint8Array.of(0, 255, 128, 10);
    const request = new Request("https://a.example/", { method: "PUT", body });
    const expected = createHmac("sha256", "secret").update(body).digest("hex");
    expect((await signed({ message: "{body}" }, request)).get("x-signature")).toBe(expected);
  });

  it("goes into the headers it is told", async () => {
    const headers = await signed({ keyHeader: "A", timestampHeader: "B", signatureHeader: "C" });
    expect([headers.get("a"), headers.get("b"), headers.get("c")?.length]).toEqual(["key-1", "1767225600", 64]);
  });
});

it("is the HMAC of RFC 4231 §4.3", async () => {
  const scheme = new HmacScheme({ message: "what do ya want for nothing?" });
  const message = await scheme.message({
    method: "",
    url: "https://a.example/",
    timestamp: "",
    nonce: "",
    body: undefined,
  });
  const signature = await crypto.subtle.sign("HMAC", await scheme.importKey("Jefe"), message);
  expect(scheme.write(signature)).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
});

describe("settings that make no sense", () => {
  it.each<[string, SignatureOptions]>([
    ["an unknown placeholder", { message: "{methd}" }],
    ["an empty placeholder", { message: "{}" }],
    ["an unknown hash", { algorithm: "md5" as "sha256" }],
    ["a hash that objects inherit", { algorithm: "toString" as "sha256" }],
    ["an unknown encoding", { encoding: "base32" as "hex" }],
    ["a header name with a space", { keyHeader: "X Key" }],
    ["a header name twice", { keyHeader: "x-signature" }],
  ])("%s", async (_, options) => {
    expect(await failureOf(() => new SignatureAuth("k", "s", options))).toMatchObject({ code: "config_invalid" });
  });

  it.each([
    ["an empty secret", "k", ""],
    ["a key that no header carries", "k\n", "s"],
  ])("%s", async (_, key, secret) => {
    expect(await failureOf(() => new SignatureAuth(key, secret))).toMatchObject({ code: "credential_source_failed" });
  });
});

it("createAuth passes everything on", async () => {
  const auth = createAuth(
    {
      type: "signature",
      apiKey: "k",
      apiSecret: { env: "SECRET" },
      algorithm: "sha512",
      encoding: "base64",
      signatureHeader: "X-Sign",
      message: "{path}",
    },
    { secrets: { read: async () => "secret" } },
  );
  const { value } = await auth.authFlow(new Request("https://a.example/mcp")).next();
  expect(value?.headers.get("x-sign")).toBe(hmac("/mcp", "sha512", "base64"));
});

describe("after a 401", () => {
  const schemes = [
    [
      "SignatureAuth",
      (now: () => number) => new SignatureAuth("k", "s", { now }),
      (headers: Headers) => headers.get("x-timestamp"),
    ],
    [
      "HttpSignatureAuth",
      (now: () => number) => new HttpSignatureAuth("k", "secret", { algorithm: "hmac-sha256", now }),
      (headers: Headers) => /created=(\d+)/.exec(headers.get("signature-input") ?? "")?.[1],
    ],
  ] as const;

  /** A server that knows what time it is and refuses whoever is 30 seconds off. */
  function punctual(serverTime: number, timeOf: (headers: Headers) => string | null | undefined) {
    const times: number[] = [];
    const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
      const time = Number(timeOf(new Headers(init?.headers)));
      times.push(time);
      const status = Math.abs(time * 1000 - serverTime) > 30_000 ? 401 : 200;
      return new Response(null, { status, headers: { date: new Date(serverTime).toUTCString() } });
    };
    return { times, fetch };
  }

  it.each(schemes)("%s signs once more at the server's time, and keeps to it", async (_, make, timeOf) => {
    const server = punctual(at + 3_600_000, timeOf);
    const send = createAuthFetch(
      make(() => at),
      { fetch: server.fetch },
    );
    expect((await send("https://a.example/")).status).toBe(200);
    expect((await send("https://a.example/")).status).toBe(200);
    const [early = 0, ...later] = server.times;
    expect(later.map((time) => time - early)).toEqual([3600, 3600]);
  });

  it.each(schemes)(
    "%s signs every request once more that was under way with the wrong time",
    async (_, make, timeOf) => {
      const server = punctual(at + 3_600_000, timeOf);
      const send = createAuthFetch(
        make(() => at),
        { fetch: server.fetch },
      );
      const responses = await Promise.all(Array.from({ length: 50 }, () => send("https://a.example/")));
      expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
    },
  );

  it.each(schemes)("%s does not keep a time that did not help", async (_, make, timeOf) => {
    const times: number[] = [];
    const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
      times.push(Number(timeOf(new Headers(init?.headers))));
      return new Response(null, { status: 401, headers: { date: new Date(at - 60_000).toUTCString() } });
    };
    const send = createAuthFetch(
      make(() => at),
      { fetch },
    );
    await send("https://a.example/");
    await send("https://a.example/");
    expect(times.map((time) => time - at / 1000)).toEqual([0, -60, 0, -60]);
  });

  it.each(schemes)("%s says when the clocks are more than a day apart", async (_, make, timeOf) => {
    const server = punctual(at + 3 * 86_400_000, timeOf);
    const error = await failureOf(
      createAuthFetch(
        make(() => at),
        { fetch: server.fetch },
      )("https://a.example/"),
    );
    expect(error).toMatchObject({ code: "unauthorized", message: expect.stringContaining("3 days ahead") });
    expect(server.times).toHaveLength(1);
  });

  it.each(schemes)("%s hands the 401 over when the time is right, or there is none", async (_, make) => {
    const dates = [new Date(at + 20_000).toUTCString(), "yesterday", undefined];
    for (const date of dates) {
      let requests = 0;
      const fetch = async (): Promise<Response> => {
        requests += 1;
        return new Response("no", { status: 401, headers: date === undefined ? {} : { date } });
      };
      const response = await createAuthFetch(
        make(() => at),
        { fetch },
      )("https://a.example/");
      expect([requests, response.status, await response.text()]).toEqual([1, 401, "no"]);
    }
  });

  it("reads a rotated secret and signs the same body again", async () => {
    const server = await listen((request, response) => {
      const message = `${request.headers["x-timestamp"]}.${request.body}`;
      const expected = createHmac("sha256", "new").update(message).digest("hex");
      response.writeHead(request.headers["x-signature"] === expected ? 200 : 401).end();
    });
    let secret = "old";
    const read = async (): Promise<string> => {
      const current = secret;
      secret = "new";
      return current;
    };
    const auth = new SignatureAuth("k", { env: "S" }, { message: "{timestamp}.{body}", secrets: { read } });
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const text of ["one ", "two"]) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body: chunks, duplex: "half" };
    const response = await createAuthFetch(auth)(server.url, init);
    await server.close();
    expect(response.status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(["one two", "one two"]);
  });
});
