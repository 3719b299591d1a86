/**
 * The loopback listener: RFC 8252 §7.3 and §8.3, RED-06, RED-07, AUT-07. The port is held from `open` to the answer:
 * https://github.com/punkpeye/mcp-remote/issues/253, https://github.com/anthropics/claude-code/issues/15320.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces } from "node:os";
import type { InteractionRequest, InteractionSession } from "@sallyport/auth-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { portsToTry } from "../../src/interaction/listener.ts";
import { type LoopbackInteractionOptions, loopbackInteraction } from "../../src/interaction/loopback.ts";
import { authorizationUrl, failureOf, sendRaw, visit } from "./support.ts";

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
const sessions: InteractionSession[] = [];
const servers: Server[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A session that opens nothing and prints nothing. */
async function open(
  request: InteractionRequest = { preferredPort: 0 },
  options: LoopbackInteractionOptions = {},
): Promise<InteractionSession> {
  const session = await loopbackInteraction({ open: () => {}, onUrl: () => {}, ...options }).open(request);
  sessions.push(session);
  return session;
}

/** A session that waits for the answer with the state `s-1`. */
async function waiting(
  request?: InteractionRequest,
  options?: LoopbackInteractionOptions,
): Promise<{ session: InteractionSession; answer: Promise<URL>; redirectUri: string; port: number }> {
  const session = await open(request, options);
  const answer = session.authorize(authorizationUrl("s-1"));
  answer.catch(() => {});
  const { redirectUri } = session;
  return { session, answer, redirectUri, port: Number(new URL(redirectUri).port) };
}

/** Another program that has a port; 0 is any. */
async function occupy(port = 0, host = "127.0.0.1"): Promise<number> {
  const server = createServer((_, response) => void response.end("other"));
  servers.push(server);
  server.listen(port, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function isRefused(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(false);
    }).on("error", () => resolve(true));
  });
}

describe("the answer", () => {
  test("is the whole callback, and the page that takes it says no more than is known", async () => {
    const { answer, redirectUri } = await waiting();
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    // ISS-07: what the engine judges is all that came.
    const callback = `${redirectUri}?code=c%2B1&state=s-1&iss=https%3A%2F%2Fas.example&other=a+b`;
    const page = await visit(callback);
    expect((await answer).href).toBe(callback);
    expect(page).toMatchObject({ status: 200, title: "Answer received" });
    expect(page.body).toContain("You can close this window");
    expect(page.body).not.toMatch(/c%2B1|as\.example|a\+b|successful/);
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      connection: "close",
    });
    expect(page.headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-/,
    );
  });

  test("may be an error, which the page does not repeat", async () => {
    const { answer, redirectUri } = await waiting();
    const page = await visit(`${redirectUri}?error=access_denied&error_description=%3Cb%3Eevil&state=s-1`);
    expect((await answer).searchParams.get("error")).toBe("access_denied");
    expect(page).toMatchObject({ status: 200, title: "Not signed in" });
    expect(page.body).not.toMatch(/evil|access_denied/);
  });

  test("comes once: what follows gets a page and nothing else", async () => {
    const { answer, redirectUri } = await waiting();
    await visit(`${redirectUri}?code=first&state=s-1`);
    expect(await visit(`${redirectUri}?code=second&state=s-1`)).toMatchObject({
      status: 200,
      title: "Already answered",
    });
    expect((await answer).searchParams.get("code")).toBe("first");
  });

  test("reaches a caller that closes at once, and the browser gets its page all the same", async () => {
    const { session, answer, redirectUri, port } = await waiting();
    const closed = answer.then(() => session.close());
    const page = await visit(`${redirectUri}?code=c&state=s-1`);
    await closed;
    expect(page.title).toBe("Answer received");
    expect(await isRefused(port)).toBe(true);
  });

  test("is brought by the function that opens the browser", async () => {
    const session = await open(undefined, {
      open: async (url) => void (await visit(`${session.redirectUri}?code=c&state=${url.searchParams.get("state")}`)),
    });
    expect((await session.authorize(authorizationUrl("s-9"))).search).toBe("?code=c&state=s-9");
  });
});

describe("what is not the answer", () => {
  // Each leaves the sign-in waiting: the right answer is taken afterwards.
  const ignored = async (
    send: (place: { redirectUri: string; port: number; origin: string }) => Promise<unknown>,
    request?: InteractionRequest,
  ): Promise<void> => {
    const { answer, redirectUri, port } = await waiting(request);
    await send({ redirectUri, port, origin: new URL(redirectUri).origin });
    const page = await visit(`${redirectUri}?code=right&state=s-1`);
    expect(page.title).toBe("Answer received");
    expect((await answer).searchParams.get("code")).toBe("right");
  };

  test.each([
    ["nothing", ""],
    ["no state", "?code=c"],
    ["another state", "?code=c&state=s-2"],
    ["an unsolicited error", "?error=access_denied"],
    ["an error with another state", "?error=access_denied&state=s-2"],
    ["two states", "?code=c&state=s-1&state=s-1"],
  ])("a callback with %s", (_, search) =>
    ignored(async ({ redirectUri }) => {
      expect(await visit(redirectUri + search)).toMatchObject({
        status: 400,
        title: "Not the sign-in that is waiting",
      });
    }),
  );

  test.each(["/", "/favicon.ico", "/callback/", "/callbacks", "/CALLBACK", "/%63allback", "//callback"])(
    "the path %s",
    (path) =>
      ignored(async ({ origin }) => {
        expect(await visit(`${origin}${path}?code=c&state=s-1`)).toMatchObject({ status: 404 });
      }),
  );

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("the method %s", (method) =>
    ignored(async ({ redirectUri }) => {
      const answer = await visit(`${redirectUri}?code=c&state=s-1`, method);
      expect(answer).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    }),
  );

  test("a HEAD request, which has no answer taken from it", () =>
    ignored(async ({ redirectUri }) => {
      expect(await visit(`${redirectUri}?code=c&state=s-1`, "HEAD")).toMatchObject({ status: 200, body: "" });
    }));

  test.each([
    ["sec-purpose", "prefetch"],
    ["sec-purpose", "prefetch;prerender"],
    ["purpose", "prefetch"],
    ["x-moz", "prefetch"],
  ])("a browser that looks ahead, with %s: %s", (name, value) =>
    ignored(async ({ redirectUri }) => {
      expect(await visit(`${redirectUri}?code=c&state=s-1`, "GET", { [name]: value })).toMatchObject({ status: 503 });
    }),
  );

  // RFC 8252 has no word on it: a page whose name was pointed here would be of the same origin as the listener.
  test.each([["evil.example"], ["evil.example:8080"], ["localhost"], ["127.0.0.1"], ["127.0.0.1.evil.example"]])(
    "the Host %s (DNS rebinding)",
    (host) =>
      ignored(async ({ redirectUri }) => {
        expect(await visit(`${redirectUri}?code=c&state=s-1`, "GET", { host })).toMatchObject({ status: 421 });
      }),
  );

  test.each([
    ["no Host", (path: string) => `GET ${path} HTTP/1.1\r\n\r\n`, "400"],
    ["no Host in HTTP/1.0", (path: string) => `GET ${path} HTTP/1.0\r\n\r\n`, "421"],
    [
      "two Hosts",
      (path: string, host: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`,
      "4",
    ],
    [
      "a whole URL as target",
      (path: string, host: string) => `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      "404",
    ],
    ["a target without a path", (_: string, host: string) => `GET * HTTP/1.1\r\nHost: ${host}\r\n\r\n`, "404"],
    ["a tunnel", (_: string, host: string) => `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, ""],
    [
      "endless headers",
      (path: string, host: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nA: ${"a".repeat(40_000)}\r\n\r\n`,
      "431",
    ],
    ["no HTTP", () => "\x16\x03\x01 hello\r\n\r\n", "400"],
  ] as const)("a request with %s", (_, write, status) =>
    ignored(async ({ port }) => {
      const answer = await sendRaw(port, write("/callback?code=c&state=s-1", `127.0.0.1:${port}`));
      expect(answer.startsWith(status === "" ? "" : `HTTP/1.1 ${status}`)).toBe(true);
      expect(answer).not.toContain("Answer received");
      if (status === "") expect(answer).toBe("");
    }),
  );

  test("a callback before anybody was sent to sign in", async () => {
    const session = await open();
    expect(await visit(`${session.redirectUri}?code=c&state=undefined`)).toMatchObject({ status: 400 });
  });

  test("a browser that connects ahead and stays silent keeps nobody from closing", async () => {
    const { session, port } = await waiting();
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const ended = once(socket, "close");
    await session.close();
    await ended;
    expect(await isRefused(port)).toBe(true);
  });
});

describe("the port", () => {
  test("is the preferred one, held before anybody is sent to sign in, and free after close", async () => {
    const port = await occupy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const session = await open({ preferredPort: port, strictPort: true });
    expect(session.redirectUri).toBe(`http://127.0.0.1:${port}/callback`);
    expect((await failureOf(open({ preferredPort: port, strictPort: true }))).code).toBe("port_unavailable");
    await session.close();
    await session.close();
    expect((await open({ preferredPort: port, strictPort: true })).redirectUri).toBe(session.redirectUri);
  });

  test("is another one when that is taken", async () => {
    const port = await occupy();
    const session = await open({ preferredPort: port });
    expect(new URL(session.redirectUri).port).not.toBe(String(port));
    expect(await isRefused(Number(new URL(session.redirectUri).port))).toBe(false);
  });

  test("that is taken is an error when no other may be used, and says what to do", async () => {
    const port = await occupy();
    const error = await failureOf(open({ preferredPort: port, strictPort: true }));
    expect(error.code).toBe("port_unavailable");
    expect(error.message).toBe(
      `Cannot listen on 127.0.0.1 for the answer of the sign-in (tried ${port}): another program has it. End that program, or set another callbackPort, or leave strictPort out to use the next free port.`,
    );
    expect(error.cause).toMatchObject({ code: "EADDRINUSE" });
  });

  test("two sign-ins at once have two ports, and each takes its own answer only", async () => {
    const port = await occupy();
    const [one, two] = [await open({ preferredPort: port }), await open({ preferredPort: port })];
    expect(one.redirectUri).not.toBe(two.redirectUri);
    const answers = [one.authorize(authorizationUrl("s-1")), two.authorize(authorizationUrl("s-2"))];
    expect(await visit(`${one.redirectUri}?code=c&state=s-2`)).toMatchObject({ status: 400 });
    await visit(`${two.redirectUri}?code=two&state=s-2`);
    await visit(`${one.redirectUri}?code=one&state=s-1`);
    expect((await Promise.all(answers)).map((url) => url.searchParams.get("code"))).toEqual(["one", "two"]);
  });

  test("is looked for in a bounded number of places", () => {
    expect(portsToTry(8080, false)).toEqual([8080, 8081, 8082, 8083, 8084, 8085, 8086, 8087, 8088, 8089, 0, 0, 0]);
    expect(portsToTry(65535, false)).toEqual([65535, 0, 0, 0]);
    expect(portsToTry(8080, true)).toEqual([8080]);
    expect(portsToTry(0, true)).toEqual([0, 0, 0]);
  });
});

// https://github.com/cloudflare/workers-oauth-provider/issues/154, https://github.com/better-auth/better-auth/issues/11278
describe("the name of this machine", () => {
  test("may be localhost, which is both IP versions", async () => {
    const { answer, redirectUri, port } = await waiting(undefined, { host: "localhost" });
    expect(redirectUri).toBe(`http://localhost:${port}/callback`);
    const foreign = await sendRaw(port, `GET /callback?code=c&state=s-1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    expect(foreign).toMatch(/^HTTP\/1\.1 421/);
    await visit(`http://127.0.0.1:${port}/callback?code=c&state=s-1`, "GET", { host: `LOCALHOST:${port}` });
    expect((await answer).href).toBe(`${redirectUri}?code=c&state=s-1`);
  });

  test.runIf(hasIPv6)("may be [::1], and localhost answers there too", async () => {
    const six = await waiting(undefined, { host: "[::1]" });
    expect(six.redirectUri).toBe(`http://[::1]:${six.port}/callback`);
    await visit(`${six.redirectUri}?code=c&state=s-1`);
    expect((await six.answer).host).toBe(`[::1]:${six.port}`);

    const { answer, port } = await waiting(undefined, { host: "localhost" });
    await visit(`http://[::1]:${port}/callback?code=c&state=s-1`, "GET", { host: `localhost:${port}` });
    expect((await answer).host).toBe(`localhost:${port}`);
  });

  test.runIf(hasIPv6)("localhost takes no port that another program has on one of its addresses", async () => {
    const port = await occupy(0, "::1");
    const error = await failureOf(open({ preferredPort: port, strictPort: true }, { host: "localhost" }));
    expect(error.code).toBe("port_unavailable");
    expect(await isRefused(port)).toBe(true);
  });
});

describe("the redirect URI", () => {
  test("has the configured path", async () => {
    const { answer, redirectUri } = await waiting({ preferredPort: 0, path: "/oauth/done" });
    expect(new URL(redirectUri).pathname).toBe("/oauth/done");
    await visit(`${redirectUri}?code=c&state=s-1`);
    expect((await answer).pathname).toBe("/oauth/done");
  });

  test("is listened at exactly, when the configuration names it whole", async () => {
    const port = await occupy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const named = `http://localhost:${port}/a/b?tenant=t`;
    const { answer, redirectUri, session } = await waiting({ redirectUri: named, preferredPort: 1, path: "/c" });
    expect(redirectUri).toBe(named);
    await visit(`http://127.0.0.1:${port}/a/b?tenant=t&code=c&state=s-1`, "GET", { host: `localhost:${port}` });
    expect((await answer).href).toBe(`${named}&code=c&state=s-1`);
    await session.close();

    await occupy(port);
    const error = await failureOf(open({ redirectUri: named }));
    expect(error.code).toBe("port_unavailable");
    expect(error.message).toContain("set another callbackUrl");
  });

  test.each([
    "https://app.example/callback",
    "https://127.0.0.1/callback",
    "http://app.example/cb",
    "http://127.0.0.1:0/cb",
  ])("%s cannot be received here", async (redirectUri) => {
    const error = await failureOf(open({ redirectUri }));
    expect(error.code).toBe("authorization_required");
    expect(error.message).toContain("manualInteraction");
  });
});

describe("an end without an answer", () => {
  test("comes after the timeout, and frees the port", async () => {
    const { answer, port } = await waiting(undefined, { timeoutMs: 1 });
    const error = await failureOf(answer);
    expect(error.code).toBe("authorization_timeout");
    expect(error.message).toMatch(
      /^No answer came to http:\/\/127\.0\.0\.1:\d+\/callback within 0\.001 seconds\. Sign in again.*`clientId` and `callbackUrl`/,
    );
    expect(error.cause).toBeUndefined();
    expect(await isRefused(port)).toBe(true);
  });

  test("a wait without a bound does not end at once", async () => {
    const { answer, redirectUri } = await waiting(undefined, { timeoutMs: Number.POSITIVE_INFINITY });
    await visit(`${redirectUri}?code=c&state=s-1`);
    expect((await answer).searchParams.get("code")).toBe("c");
  });

  test("comes with the signal, whose reason it has", async () => {
    const abort = new AbortController();
    const { answer, port } = await waiting({ preferredPort: 0, signal: abort.signal });
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(await isRefused(port)).toBe(true);
  });

  test("comes before anything is bound when the signal came first, and after when it came meanwhile", async () => {
    await expect(open({ preferredPort: 0, signal: AbortSignal.abort("before") })).rejects.toBe("before");
    const abort = new AbortController();
    const port = await occupy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const opening = open({ preferredPort: port, strictPort: true, signal: abort.signal });
    abort.abort("meanwhile");
    await expect(opening).rejects.toBe("meanwhile");
    expect(await isRefused(port)).toBe(true);
  });

  test("comes with close", async () => {
    const { session, answer } = await waiting();
    await session.close();
    expect((await failureOf(answer)).code).toBe("authorization_required");
  });
});

describe("the browser", () => {
  test("is shown the URL, and then opened with it", async () => {
    const calls: string[] = [];
    const { answer, redirectUri } = await waiting(undefined, {
      onUrl: (url) => void calls.push(`shown ${url.href}`),
      open: (url) => void calls.push(`opened ${url.href}`),
    });
    await visit(`${redirectUri}?code=c&state=s-1`);
    await answer;
    const { href } = authorizationUrl("s-1");
    expect(calls).toEqual([`shown ${href}`, `opened ${href}`]);
  });

  test("that a caller's function fails to open ends the sign-in", async () => {
    const reason = new Error("no window");
    const { answer, port } = await waiting(undefined, { open: () => Promise.reject(reason) });
    await expect(answer).rejects.toBe(reason);
    expect(await isRefused(port)).toBe(true);
  });

  test("that does not open leaves the URL on standard error, and the timeout says so", async () => {
    vi.stubEnv("BROWSER", "none");
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const session = await open(undefined, { open: undefined, onUrl: undefined, timeoutMs: 50 });
      const error = await failureOf(session.authorize(authorizationUrl("s-1")));
      expect(written.mock.calls).toEqual([[`Open this URL to sign in: ${authorizationUrl("s-1").href}\n`]]);
      expect(error.code).toBe("authorization_timeout");
      expect(error.message).toContain("The browser could not be opened");
      expect(error.cause).toMatchObject({ code: "authorization_required" });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  // URL-01, URL-02: checked again where it is opened.
  test.each(["javascript:alert(1)//?state=s-1", "file:///etc/passwd?state=s-1", "http://as.example/?state=s-1"])(
    "is never sent to %s",
    async (url) => {
      const opened = vi.fn();
      const session = await open(undefined, { open: opened, onUrl: opened });
      expect((await failureOf(session.authorize(new URL(url)))).code).toBe("insecure_url");
      expect(opened).not.toHaveBeenCalled();
    },
  );

  test("is not sent off without a state to know the answer by", async () => {
    const session = await open();
    expect((await failureOf(session.authorize(new URL("https://as.example/authorize")))).code).toBe("state_mismatch");
  });

  test("is sent off once in a session", async () => {
    const { session } = await waiting();
    await expect(session.authorize(authorizationUrl("s-2"))).rejects.toThrow(TypeError);
  });
});
