/** Digest over real HTTP, against a strict server that computes everything a second time: RFC 7616. */
import { describe, expect, it } from "vitest";
import { createAuth, createAuthFetch, DigestAuth, type SecretReader } from "../../src/index.ts";
import { behind, type DigestGuard, type DigestGuardOptions, digestGuard, parameters } from "../support/digest-guard.ts";
import { failureOf } from "../support/failure.ts";
import { start } from "../support/start.ts";

async function serve(options: Partial<DigestGuardOptions> = {}) {
  const settings = { username: "ana", password: "correct horse", ...options };
  const digest: DigestGuard = digestGuard(settings);
  const server = await start(behind(digest));
  const auth = new DigestAuth(settings.username, settings.password);
  return { digest, server, auth, settings, fetch: createAuthFetch(auth) };
}

/** A server that answers every request with a challenge of its own making. */
const challenging = (...challenges: string[]) =>
  start((_, response) => void response.writeHead(401, { "www-authenticate": challenges }).end("refused"));

const post = { method: "POST", body: "bödy" };

const algorithms = ["MD5", "SHA-256", "SHA-512-256"].flatMap((name) => [name, `${name}-sess`]);
const forms = [...algorithms, undefined].flatMap((algorithm) =>
  ["auth", "auth-int", undefined].map((qop) => ({
    ...(algorithm !== undefined && { algorithm }),
    ...(qop !== undefined && { qop }),
  })),
);

describe("every form", () => {
  it.each(forms)("algorithm $algorithm, qop $qop", async (offer) => {
    for (const nextNonce of [false, true]) {
      const { digest, server, fetch } = await serve({
        username: 'zoë "z" \\',
        password: 'pa:ss "wörd\\€',
        realm: 'a "quoted" \\ realm',
        offers: [offer],
        nextNonce,
      });
      for (const path of ["/", "/a%20b/%C3%A9?x=1&y=%2F%22", "/?"]) {
        const response = await fetch(server.url + path, post);
        expect([response.status, await response.text()]).toEqual([200, "ok"]);
      }
      // The challenge, then one request for each.
      expect(server.requests).toHaveLength(4);
      expect(server.requests.every(({ body }) => body === post.body)).toBe(true);
      expect(digest.failures).toBe(0);
    }
  });

  it("writes the algorithm as the server does", async () => {
    const { digest, server, fetch } = await serve({ offers: [{ algorithm: "SHA-256-sess", qop: "auth" }] });
    expect((await fetch(server.url)).status).toBe(200);
    expect(digest.accepted[0]).toMatchObject({ algorithm: "SHA-256-sess", qop: "auth", nc: "00000001" });
  });
});

describe("user names", () => {
  it("are hashed when the server wants it (RFC 7616 §3.4.4)", async () => {
    const { digest, server, fetch } = await serve({
      username: "Jäsøn Doe",
      offers: [{ algorithm: "SHA-512-256", qop: "auth", userhash: true, charset: true }],
    });
    expect((await fetch(server.url)).status).toBe(200);
    expect(digest.accepted[0]?.["username"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ["Jäsøn Doe", "UTF-8''J%C3%A4s%C3%B8n%20Doe"],
    // In another normal form than it is hashed in.
    ["e\u0301'()*%", "UTF-8''%C3%A9%27%28%29%2A%25"],
  ])("beyond ASCII take the extended form: %s (RFC 5987)", async (username, sent) => {
    const { digest, server } = await serve({
      username: username.normalize("NFC"),
      offers: [{ algorithm: "SHA-256", qop: "auth", charset: true }],
    });
    const response = await createAuthFetch(new DigestAuth(username, "correct horse"))(server.url);
    expect(response.status).toBe(200);
    expect(digest.accepted[0]).toMatchObject({ "username*": sent });
    expect(digest.accepted[0]).not.toHaveProperty("username");
  });
});

describe("a nonce", () => {
  it("serves later requests without another challenge, counted", async () => {
    const { digest, server, fetch } = await serve();
    for (let call = 0; call < 12; call += 1) await fetch(server.url, post);
    expect(server.requests).toHaveLength(13);
    expect(new Set(digest.accepted.map(({ nonce }) => nonce)).size).toBe(1);
    expect(digest.accepted.map(({ nc }) => nc)).toContain("0000000c");
    expect(new Set(digest.accepted.map(({ cnonce }) => cnonce)).size).toBe(12);
  });

  it("is shared by requests that run at the same time, each with its own count", async () => {
    const { digest, server, fetch } = await serve({ offers: [{ algorithm: "SHA-256-sess", qop: "auth" }] });
    await fetch(server.url);
    const responses = await Promise.all(Array.from({ length: 20 }, () => fetch(server.url, post)));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(server.requests).toHaveLength(22);
    expect(new Set(digest.accepted.map(({ nc }) => nc)).size).toBe(21);
    expect(new Set(digest.accepted.map(({ nonce }) => nonce)).size).toBe(1);
  });

  it.each([false, true])("is had by all of twenty first requests, one-time: %s", async (oneTime) => {
    const { digest, server, fetch } = await serve({ oneTime });
    const responses = await Promise.all(Array.from({ length: 20 }, () => fetch(server.url, post)));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(digest.accepted.map(({ nonce }) => nonce)).size).toBe(oneTime ? 20 : 1);
  });

  it("that has expired is replaced, unseen by the caller", async () => {
    const { digest, server, fetch } = await serve();
    await fetch(server.url);
    digest.expire();
    const responses = await Promise.all(Array.from({ length: 5 }, () => fetch(server.url, post)));
    expect(responses.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(digest.failures).toBe(0);
  });

  it("is followed by the one that Authentication-Info names", async () => {
    const { digest, server, fetch } = await serve({ nextNonce: true, oneTime: true });
    for (let call = 0; call < 4; call += 1) await fetch(server.url);
    expect(server.requests).toHaveLength(5);
    expect(new Set(digest.accepted.map(({ nonce }) => nonce)).size).toBe(4);
    expect(digest.accepted.map(({ nc }) => nc)).toEqual(Array(4).fill("00000001"));
  });

  it("that is called stale for ever ends in the 401", async () => {
    const server = await challenging('Digest realm="r", nonce="n", qop="auth", stale=true');
    const response = await createAuthFetch(new DigestAuth("u", "p"))(server.url, post);
    expect([response.status, await response.text()]).toEqual([401, "refused"]);
    expect(server.requests.length).toBeLessThanOrEqual(5);
  });
});

describe("the protection space", () => {
  it("is what `domain` says, and on the server itself alone", async () => {
    const { server, fetch } = await serve({
      offers: [{ algorithm: "MD5", qop: "auth", domain: "/api/ http://other.example/ http://[ /v2" }],
    });
    const credentials = async (path: string): Promise<boolean> => {
      const before = server.requests.length;
      await fetch(server.url + path);
      return server.requests[before]?.headers.authorization !== undefined;
    };
    await fetch(`${server.url}/api/a`);
    expect(await credentials("/api/b?x")).toBe(true);
    expect(await credentials("/v2")).toBe(true);
    expect(await credentials("/other")).toBe(false);
  });

  it("is kept for each realm", async () => {
    const digests = ["one", "two"].map((realm) =>
      digestGuard({
        username: "u",
        password: "p",
        realm,
        offers: [{ algorithm: "MD5", qop: "auth", domain: `/${realm}/` }],
      }),
    );
    const server = await start(async (request, response) => {
      const digest = digests[request.url.startsWith("/one/") ? 0 : 1];
      if (digest !== undefined) await behind(digest)(request, response);
    });
    const fetch = createAuthFetch(new DigestAuth("u", "p"));
    for (const path of ["/one/", "/two/", "/one/", "/two/"]) expect((await fetch(server.url + path)).status).toBe(200);
    expect(server.requests).toHaveLength(6);
    expect(digests.map(({ failures }) => failures)).toEqual([0, 0]);
  });

  it("ends at the origin, also for one scheme in two fetches", async () => {
    const { server, auth, fetch } = await serve();
    await fetch(server.url);
    const other = await start();
    await createAuthFetch(auth)(other.url);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("is forgotten before a server that invents realms fills the memory", async () => {
    let count = 0;
    const server = await start((_, response) => {
      count += 1;
      response
        .writeHead(401, { "www-authenticate": `Digest realm="r${count}", nonce="n", qop="auth", stale=true` })
        .end();
    });
    const fetch = createAuthFetch(new DigestAuth("u", "p"));
    for (let call = 0; call < 10; call += 1) expect((await fetch(server.url)).status).toBe(401);
    expect(count).toBeLessThanOrEqual(50);
  });
});

describe("of several challenges", () => {
  const challenge = (params: string): string => `Digest realm="r", nonce="n", ${params}`;

  it.each([
    [["algorithm=MD5", "algorithm=SHA-512-256", "algorithm=SHA-256"], "SHA-512-256"],
    [["algorithm=SHA-999", "algorithm=MD5-sess"], "MD5-sess"],
    [["algorithm=SHA-256-sess", "algorithm=SHA-256"], "SHA-256-sess"],
    [["algorithm=sha-256", "algorithm=MD5"], "sha-256"],
  ])("%j the strongest is answered: %s", async (offers, chosen) => {
    const lines = ['Basic realm="r"', ...offers.map((params) => challenge(`${params}, qop="auth"`)), "Negotiate"];
    // As several header lines, and as one.
    for (const sent of [lines, [lines.join(", ")]]) {
      const server = await challenging(...sent);
      await createAuthFetch(new DigestAuth("u", "p"))(server.url);
      expect(parameters(server.requests[1]?.headers.authorization ?? "")["algorithm"]).toBe(chosen);
    }
  });

  it.each([
    ['qop="auth-int,auth"', "auth"],
    ['qop="AUTH-INT, future"', "auth-int"],
    ['qop=""', undefined],
    ["x=y", undefined],
  ])("%s is answered with %s", async (params, qop) => {
    const server = await challenging(challenge(params));
    await createAuthFetch(new DigestAuth("u", "p"))(server.url, post);
    expect(parameters(server.requests[1]?.headers.authorization ?? "")["qop"]).toBe(qop);
  });

  it("one with qop goes before one without", async () => {
    const server = await challenging(challenge("x=y"), challenge('qop="auth"'));
    await createAuthFetch(new DigestAuth("u", "p"))(server.url);
    expect(parameters(server.requests[1]?.headers.authorization ?? "")["qop"]).toBe("auth");
  });

  it.each([
    [['Digest realm="r", nonce="n", algorithm=SHA-999, qop="auth"'], ["SHA-999 auth", "SHA-512-256"]],
    [['Digest realm="r", nonce="n", qop="sign"'], ["MD5 sign", "auth-int"]],
    [['Digest realm="r", qop="auth"'], ["MD5 auth", "a nonce"]],
    [['Digest nonce="n", qop="auth"'], ["MD5 auth", "a realm"]],
    [['Digest realm="r", nonce="", qop="auth"'], ["a nonce"]],
    [['Digest realm="r", nonce="\u0001", qop="auth"'], ["a nonce"]],
    [
      ['Basic realm="r"', "Bearer", 'Bearer realm="x"'],
      ["basic, bearer", "Use an auth type that it offers"],
    ],
  ])("%j none can be answered: the error says what there is and what to do", async (challenges, told) => {
    // Node would not send the control character, a proxy may.
    const fetch = async (): Promise<Response> =>
      new Response("", { status: 401, headers: { "www-authenticate": challenges.join(", ") } });
    const error = await failureOf(createAuthFetch(new DigestAuth("u", "p"), { fetch })("http://a.example/"));
    expect(error.code).toBe("auth_unsupported");
    for (const text of ["http://a.example", ...told]) expect(error.message).toContain(text);
  });

  it("none at all is the caller's 401", async () => {
    const server = await start((_, response) => void response.writeHead(401).end("who?"));
    const response = await createAuthFetch(new DigestAuth("u", "p"))(server.url);
    expect(await response.text()).toBe("who?");
    expect(server.requests).toHaveLength(1);
  });
});

describe("a wrong password", () => {
  it("is tried once, and the 401 is handed over unread", async () => {
    const { digest, server } = await serve();
    const fetch = createAuthFetch(new DigestAuth("ana", "wrong"));
    for (const attempts of [1, 2]) {
      const response = await fetch(server.url, post);
      expect([response.status, await response.text()]).toEqual([401, "refused"]);
      expect(digest.failures).toBe(attempts);
      expect(server.requests).toHaveLength(2 * attempts);
    }
  });

  it("is tried once by each of several requests at the same time", async () => {
    const { digest, server } = await serve();
    const fetch = createAuthFetch(new DigestAuth("ana", "wrong"));
    const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(server.url, post)));
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(401));
    expect(digest.failures).toBe(10);
  });

  const counting = (texts: string[]): SecretReader & { reads: number } => ({
    reads: 0,
    async read() {
      return texts[Math.min(this.reads++, texts.length - 1)] ?? "";
    },
  });

  it("is read again, once for all requests that were refused (pain 18)", async () => {
    const { server, settings, digest } = await serve({ password: "old" });
    const secrets = counting(["old", "new"]);
    const fetch = createAuthFetch(createAuth({ type: "digest", username: "ana", password: { env: "P" } }, { secrets }));
    expect((await fetch(server.url)).status).toBe(200);
    settings.password = "new";
    digest.expire();
    const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(server.url, post)));
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(secrets.reads).toBe(2);
  });

  it("that stays wrong when read again is not tried again", async () => {
    const { digest, server } = await serve();
    const secrets = counting(["wrong"]);
    const fetch = createAuthFetch(new DigestAuth("ana", { env: "P" }, { secrets }));
    expect((await fetch(server.url)).status).toBe(401);
    expect([digest.failures, secrets.reads]).toEqual([1, 2]);
  });
});

describe("the proof of the server (rspauth)", () => {
  it.each([
    ["wrong", (info: string) => info.replace(/rspauth="."/, 'rspauth="x').replace(/rspauth="[0-9a-f]/, 'rspauth="x')],
    ["empty", (info: string) => info.replace(/rspauth="[^"]*"/, 'rspauth=""')],
    ["that of the request", (info: string) => info.replace(/rspauth="[^"]*"/, `rspauth="${"0".repeat(64)}"`)],
  ])("%s: the answer is not handed over", async (_, info) => {
    const { server, fetch } = await serve({ info });
    const error = await failureOf(fetch(server.url));
    expect(error).toMatchObject({ code: "unauthorized", message: expect.stringContaining("rspauth") });
  });

  it.each([
    [
      "in capitals",
      (info: string) => info.replace(/rspauth="[^"]*"/, (proof) => proof.toUpperCase().replace("RSPAUTH", "rspauth")),
    ],
    ["missing", (info: string) => info.replace(/rspauth="[^"]*", /, "")],
    [
      "of a form that covers the body",
      (info: string) => info.replace("qop=auth", "qop=auth-int").replace(/rspauth="./, 'rspauth="x'),
    ],
    ["beside nonsense", (info: string) => `,, =x, nextnonce="", ${info}`],
  ])("%s: nothing to object to", async (_, info) => {
    const { server, fetch } = await serve({ info });
    expect((await fetch(server.url)).status).toBe(200);
    expect((await fetch(server.url)).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });
});

describe("auth-int", () => {
  const offers = [{ algorithm: "SHA-256", qop: "auth-int" }];

  it.each<[string, () => BodyInit]>([
    ["a text", () => "bödy €"],
    ["bytes", () => new TextEncoder().encode("bytes")],
    [
      "a form",
      () => {
        const form = new FormData();
        form.append("a", "1");
        return form;
      },
    ],
    ["parameters", () => new URLSearchParams({ a: "1 2" })],
    ["a stream", () => new Blob(Array.from({ length: 100 }, (_, index) => `${index}`.repeat(1000))).stream()],
  ])("covers the bytes of %s that are sent", async (_, body) => {
    const { digest, server, fetch } = await serve({ offers });
    for (let call = 0; call < 2; call += 1) {
      const response = await fetch(server.url, { method: "POST", body: body(), duplex: "half" } as RequestInit);
      expect(response.status).toBe(200);
    }
    expect(digest.failures).toBe(0);
    expect(server.requests).toHaveLength(3);
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
  });

  it("covers the body of a Request, and of none", async () => {
    const { server, fetch } = await serve({ offers });
    for (const request of [new Request(server.url, { method: "PUT", body: "b" }), new Request(server.url)]) {
      expect((await fetch(request)).status).toBe(200);
    }
  });

  it("reads a body once, so that an algorithm that changes between two refusals is an error", async () => {
    let count = 0;
    const server = await start((_, response) => {
      count += 1;
      const algorithm = count === 1 ? "MD5" : "SHA-256";
      const challenge = `Digest realm="r", nonce="n${count}", qop="auth-int", stale=true, algorithm=${algorithm}`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    const error = await failureOf(createAuthFetch(new DigestAuth("u", "p"))(server.url, post));
    expect(error).toMatchObject({ code: "auth_unsupported", message: expect.stringContaining("changed") });
  });
});

it.each([
  ["a line break in the user name", () => new DigestAuth("a\nb", "p"), "config_invalid"],
  ["a line break in the password", () => new DigestAuth("a", "s-marker\n"), "credential_source_failed"],
])("%s is an error at once", async (_, run, code) => {
  const error = await failureOf(run);
  expect(error.code).toBe(code);
  expect(error.message).not.toContain("marker");
});
