/** What is asked of strangers' URLs, and what of their answers is taken: SSR-01 to SSR-06, URL-04. */
import { describe, expect, it, vi } from "vitest";
import { SallyportError } from "../../src/errors.ts";
import { type GuardedFetchOptions, guardedFetch, ranOutOfTime } from "../../src/http/guarded-fetch.ts";
import { failureOf } from "../support/failure.ts";

const server = "https://mcp.example/mcp";
const elsewhere = "https://as.example/metadata";

/** Answers, and never leaves the process. */
function guarded(
  answer: (url: URL, init: RequestInit) => Response | Promise<Response> = () => new Response("ok"),
  options: Partial<GuardedFetchOptions> = {},
) {
  const sent: { url: string; init: RequestInit }[] = [];
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    sent.push({ url: String(input), init });
    return answer(new URL(String(input)), init);
  };
  const fetch = guardedFetch({
    fetch: send as typeof globalThis.fetch,
    trusted: [server],
    allowInsecure: false,
    ...options,
  });
  return { fetch, sent, urls: () => sent.map(({ url }) => url) };
}

const redirect = (location: string, status = 302) => new Response(null, { status, headers: { location } });
const headersOf = (init: RequestInit | undefined) => Object.fromEntries(new Headers(init?.headers));

/** Redirects as written, and answers everything else. */
const redirecting = (hops: Readonly<Record<string, string>>) => (url: URL) => {
  const location = hops[url.href];
  return location === undefined ? new Response("there") : redirect(location);
};

describe("a request", () => {
  it("goes out as it is, without cookies", async () => {
    const { fetch, sent } = guarded();
    const body = new URLSearchParams({ grant_type: "refresh_token" });
    await fetch(elsewhere, { method: "POST", body, headers: { authorization: "Basic YTpi" } });
    expect(sent[0]).toMatchObject({
      url: elsewhere,
      init: { method: "POST", body, redirect: "manual", credentials: "omit", cache: "no-store" },
    });
    expect(headersOf(sent[0]?.init)).toEqual({ authorization: "Basic YTpi" });
  });

  it("may be answered from a cache when it is a GET", async () => {
    const { fetch, sent } = guarded();
    await fetch(elsewhere);
    expect(sent[0]?.init).not.toHaveProperty("cache");
  });

  it("is sent with the `fetch` that is there at that time", async () => {
    const fetch = guardedFetch({ trusted: [server], allowInsecure: false });
    const late = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("late"));
    try {
      expect(await (await fetch(elsewhere)).text()).toBe("late");
    } finally {
      late.mockRestore();
    }
  });
});

describe("an answer", () => {
  it("keeps its status and its headers, and has its body", async () => {
    const { fetch } = guarded(() => new Response("{}", { status: 418, headers: { "dpop-nonce": "n", "x-a": "1" } }));
    const response = await fetch(elsewhere);
    expect([response.status, response.headers.get("dpop-nonce"), await response.text()]).toEqual([418, "n", "{}"]);
  });

  it.each([204, 205, 304])("with status %i has no body", async (status) => {
    const { fetch } = guarded(() => new Response(null, { status }));
    const response = await fetch(elsewhere);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it("may be as long as allowed, and not a byte longer", async () => {
    const long = (length: number) => guarded(() => new Response("x".repeat(length)), { maxBytes: 1000 });
    expect(await (await long(1000).fetch(elsewhere)).text()).toHaveLength(1000);
    const failure = await failureOf(long(1001).fetch(`${elsewhere}?key=s3cr3t`));
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toBe("https://as.example/metadata answered with more than 1000 bytes.");
  });

  it("without an end is read to the bound, and then ended (issue: a 1 GB metadata body)", async () => {
    let [pulled, cancelled] = [0, false];
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel() {
        cancelled = true;
      },
    });
    const failure = await failureOf(guarded(() => new Response(endless)).fetch(elsewhere));
    expect(failure.message).toContain("more than 1048576 bytes");
    expect(cancelled).toBe(true);
    expect(pulled).toBeLessThan(20);
  });
});

describe("time", () => {
  it.each<[string, Partial<GuardedFetchOptions>, () => Response | Promise<Response>]>([
    ["a `fetch` that minds no signal", {}, () => new Promise(() => {})],
    ["a body that stops", {}, () => new Response(new ReadableStream({}))],
    ["a look-up", { resolveHost: () => new Promise(() => {}) }, () => new Response("ok")],
  ])("ends %s", async (_, options, answer) => {
    const { fetch } = guarded(answer, { timeoutMs: 20, ...options });
    const failure = await failureOf(fetch(`${elsewhere}?key=s3cr3t`));
    expect(failure.code).toBe("discovery_failed");
    expect(failure.message).toBe("https://as.example/metadata gave no whole answer within 20 ms.");
    expect(ranOutOfTime(failure)).toBe(true);
  });

  it("ends the body that is left behind", async () => {
    let cancelled = false;
    const stalled = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    await failureOf(guarded(() => new Response(stalled), { timeoutMs: 20 }).fetch(elsewhere));
    expect(cancelled).toBe(true);
  });

  it("is one for all redirects, and the last of them is named", async () => {
    const hops = redirecting({ [elsewhere]: "https://two.example/slow" });
    const { fetch } = guarded((url) => (url.host === "two.example" ? new Promise(() => {}) : hops(url)), {
      timeoutMs: 20,
    });
    expect((await failureOf(fetch(elsewhere))).message).toMatch(/^https:\/\/two\.example\/slow gave no whole answer/);
  });

  it("is the caller's to end, with the caller's reason", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    const { fetch } = guarded(() => {
      stop.abort(reason);
      return new Promise(() => {});
    });
    await expect(fetch(elsewhere, { signal: stop.signal })).rejects.toBe(reason);
  });

  it("that was over before ends it before anything is sent", async () => {
    const reason = new Error("enough");
    const { fetch, sent } = guarded();
    await expect(fetch(elsewhere, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(sent).toEqual([]);
  });
});

describe("no answer", () => {
  it("is an error that says what the platform says, and no query", async () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1"), { code: "ECONNREFUSED" });
    const { fetch } = guarded(() => Promise.reject(new TypeError("fetch failed", { cause })));
    const failure = await failureOf(fetch(`${elsewhere}?key=s3cr3t`));
    expect(failure.message).toBe('https://as.example/metadata could not be asked ("ECONNREFUSED").');
    expect(ranOutOfTime(failure)).toBe(false);
  });

  it("in a page names what a page cannot tell apart (modelcontextprotocol/inspector#817)", async () => {
    const { fetch } = guarded(() => Promise.reject(new TypeError("Failed to fetch")));
    expect((await failureOf(fetch(elsewhere))).message).toContain("(CORS)");
  });

  it("keeps an error of our own", async () => {
    const own = new SallyportError("credential_source_failed", "It is not there.");
    const { fetch } = guarded(() => Promise.reject(own));
    expect(await failureOf(fetch(elsewhere))).toBe(own);
  });
});

describe("a redirect", () => {
  const two = "https://two.example/b";

  it.each([301, 302, 303, 307, 308])("with %i is followed for a GET", async (status) => {
    const { fetch, urls } = guarded((url) => (url.href === two ? new Response("there") : redirect(two, status)));
    expect(await (await fetch(elsewhere)).text()).toBe("there");
    expect(urls()).toEqual([elsewhere, two]);
  });

  it("may be relative", async () => {
    const { fetch, urls } = guarded(redirecting({ [elsewhere]: "../other?a=1" }));
    await fetch(elsewhere);
    expect(urls()).toEqual([elsewhere, "https://as.example/other?a=1"]);
  });

  it("takes along to another origin nothing but what is accepted, for good (TOK-10)", async () => {
    const same = "https://as.example/again";
    const hops = { [elsewhere]: same, [same]: two, [two]: same.replace("again", "home") };
    const { fetch, sent } = guarded(redirecting(hops));
    const headers = { accept: "application/json", authorization: "Bearer t", dpop: "p", "x-api-key": "k" };
    await fetch(elsewhere, { headers });
    expect(sent.map(({ init }) => headersOf(init))).toEqual([
      headers,
      headers,
      { accept: "application/json" },
      { accept: "application/json" },
    ]);
  });

  it("is followed three times and no more", async () => {
    let count = 0;
    const { fetch, sent } = guarded(() => redirect(`/${++count}`));
    const failure = await failureOf(fetch(elsewhere));
    expect(failure.code).toBe("redirect_refused");
    expect(failure.message).toContain("more than 3 times");
    expect(sent).toHaveLength(4);
  });

  it.each(["POST", "PUT", "post", "HEAD"])(
    "of a %s is refused: what was sent belongs to nobody else",
    async (method) => {
      const { fetch, sent } = guarded(() => redirect(`${elsewhere}/moved`, 307));
      expect((await failureOf(fetch(elsewhere, { method }))).code).toBe("redirect_refused");
      expect(sent).toHaveLength(1);
    },
  );

  it("that a page cannot look into is refused", async () => {
    const opaque = Object.defineProperty(new Response(null), "type", { value: "opaqueredirect" });
    expect((await failureOf(guarded(() => opaque).fetch(elsewhere))).code).toBe("redirect_refused");
  });

  it("without a place is an answer", async () => {
    expect((await guarded(() => new Response(null, { status: 302 })).fetch(elsewhere)).status).toBe(302);
  });

  it("to no URL is refused", async () => {
    expect((await failureOf(guarded(() => redirect("https://[")).fetch(elsewhere))).code).toBe("redirect_refused");
  });

  it.each([
    "http://as.example/metadata",
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://10.0.0.1/",
    "http://127.0.0.1:9200/",
    "http://localhost:9200/",
    "https://vault.internal/",
    "https://user:password@as.example/",
    "file:///etc/passwd",
    "data:application/json,{}",
    "javascript:alert(1)",
  ])("to %s is not followed (SSR-04)", async (location) => {
    const { fetch, sent } = guarded(() => redirect(location));
    const failure = await failureOf(fetch(elsewhere));
    expect(failure.code).toBe("insecure_url");
    expect(failure.message).not.toContain("password@");
    expect(sent).toHaveLength(1);
  });
});

describe("where a request may go", () => {
  const asked = async (url: string, options: Partial<GuardedFetchOptions> = {}) => {
    const { fetch, sent } = guarded(undefined, options);
    const code = await fetch(url).then(
      () => "asked",
      (error: SallyportError) => error.code,
    );
    // What is refused is not asked, also not a little.
    expect(sent).toHaveLength(code === "asked" ? 1 : 0);
    return code;
  };

  it.each([
    ["https://as.example/x", "asked"],
    ["https://93.184.216.34/x", "asked"],
    ["http://as.example/x", "insecure_url"],
    ["ftp://as.example/x", "insecure_url"],
    ["no URL", "insecure_url"],
    ["https://user:password@as.example/x", "insecure_url"],
    ["http://127.0.0.1:8080/x", "insecure_url"],
    ["https://127.0.0.1/x", "insecure_url"],
    ["https://0x7f.1/x", "insecure_url"],
    ["https://localhost/x", "insecure_url"],
    ["https://192.168.0.1/x", "insecure_url"],
    ["https://[fd00::1]/x", "insecure_url"],
    ["https://169.254.169.254/x", "insecure_url"],
    ["https://metadata.google.internal/x", "insecure_url"],
    ["https://0.0.0.0/x", "insecure_url"],
    ["https://intranet/x", "insecure_url"],
  ])("when the MCP server is on the internet: %s is %s (SSR-02, SSR-03)", async (url, outcome) => {
    expect(await asked(url)).toBe(outcome);
  });

  it.each([
    ["http://localhost:3000/mcp", "http://127.0.0.1:4000/x", "asked"],
    ["http://127.0.0.1:3000/mcp", "http://[::1]:4000/x", "asked"],
    ["http://127.0.0.1:3000/mcp", "https://10.0.0.1/x", "insecure_url"],
    ["https://10.0.0.2/mcp", "https://10.0.0.1/x", "asked"],
    ["https://mcp.internal/mcp", "https://192.168.1.1/x", "asked"],
    ["https://10.0.0.2/mcp", "http://127.0.0.1:4000/x", "insecure_url"],
    ["https://10.0.0.2/mcp", "http://10.0.0.1/x", "insecure_url"],
    ["https://10.0.0.2/mcp", "https://169.254.169.254/x", "insecure_url"],
    ["https://10.0.0.2/mcp", "https://metadata.google.internal/x", "insecure_url"],
    ["https://10.0.0.2/mcp", "https://100.100.100.200/x", "insecure_url"],
    ["https://169.254.1.1/mcp", "https://169.254.1.1/x", "asked"],
    ["https://169.254.1.1/mcp", "https://169.254.169.254/x", "insecure_url"],
    ["https://192.0.2.1/mcp", "https://192.0.2.2/x", "insecure_url"],
  ])("when the MCP server is %s: %s is %s", async (trusted, url, outcome) => {
    expect(await asked(url, { trusted: [trusted] })).toBe(outcome);
  });

  it("is anywhere that the user has named", async () => {
    const trusted = [server, "https://10.1.1.1/idp"];
    expect(await asked("https://10.1.1.1/token", { trusted })).toBe("asked");
    expect(await asked("https://10.1.1.2/token", { trusted })).toBe("asked");
    expect(await asked("http://10.1.1.1/token", { trusted })).toBe("insecure_url");
  });

  it("is plain http only on demand, and no private address even then", async () => {
    expect(await asked("http://as.example/x", { allowInsecure: true })).toBe("asked");
    expect(await asked("http://10.0.0.1/x", { allowInsecure: true })).toBe("insecure_url");
    expect(await asked("ftp://as.example/x", { allowInsecure: true })).toBe("insecure_url");
  });

  describe("by the addresses of a name (SSR-06)", () => {
    const known = (addresses: Readonly<Record<string, readonly string[]>>): Partial<GuardedFetchOptions> => ({
      resolveHost: async (hostname) => addresses[hostname] ?? [],
    });

    it.each<[readonly string[], string]>([
      [["93.184.216.34"], "asked"],
      [["93.184.216.34", "2606:2800:220:1::1"], "asked"],
      [[], "asked"],
      [["127.0.0.1"], "insecure_url"],
      [["93.184.216.34", "10.0.0.1"], "insecure_url"],
      [["::ffff:169.254.169.254"], "insecure_url"],
      [["fe80::1%eth0"], "insecure_url"],
      [["0.0.0.0"], "insecure_url"],
    ])("%j: %s", async (addresses, outcome) => {
      expect(await asked(elsewhere, known({ "as.example": addresses }))).toBe(outcome);
    });

    it("which are looked up at each redirect", async () => {
      const { fetch, urls } = guarded(
        redirecting({ [elsewhere]: "https://inside.example/" }),
        known({ "inside.example": ["10.0.0.1"] }),
      );
      expect((await failureOf(fetch(elsewhere))).code).toBe("insecure_url");
      expect(urls()).toEqual([elsewhere]);
    });

    it("and never for an address, or for the user's own host", async () => {
      const looked: string[] = [];
      const resolveHost = async (hostname: string) => {
        looked.push(hostname);
        return ["10.0.0.1"];
      };
      await asked("https://93.184.216.34/x", { resolveHost });
      await asked("https://[2606:2800:220:1::1]/x", { resolveHost });
      expect(await asked("https://mcp.example/other", { resolveHost })).toBe("asked");
      expect(looked).toEqual([]);
    });

    it("is inside where the MCP server is inside", async () => {
      const inside = known({ "mcp.example": ["10.0.0.1", "fd00::1"], "as.example": ["10.0.0.2"] });
      expect(await asked(elsewhere, inside)).toBe("asked");
      expect(await asked("https://192.168.0.1/x", inside)).toBe("asked");
      expect(await asked("http://127.0.0.1/x", inside)).toBe("insecure_url");
    });

    it.each<[string, readonly string[], string]>([
      ["beside a public one", ["93.184.216.34", "10.0.0.1"], "https://10.0.0.2/x"],
      ["of this machine, beside a public one", ["93.184.216.34", "127.0.0.1"], "http://127.0.0.1:9200/x"],
      ["of this machine", ["127.0.0.1"], "http://127.0.0.1:9200/x"],
      ["of this machine, for what is private", ["127.0.0.1"], "https://10.0.0.2/x"],
      ["that leads to this machine", ["::ffff:127.0.0.1"], "http://localhost:9200/x"],
      ["that is link-local", ["169.254.169.254"], "https://169.254.169.254/x"],
    ])("is not opened by an MCP server whose owner gives it an address %s", async (_, addresses, url) => {
      expect(await asked(url, known({ "mcp.example": addresses }))).toBe("insecure_url");
    });

    it("asks again where the MCP server is when that was not known", async () => {
      const addresses: Record<string, readonly string[]> = { "as.example": ["10.0.0.2"] };
      const { fetch } = guarded(undefined, known(addresses));
      expect((await failureOf(fetch(elsewhere))).code).toBe("insecure_url");
      addresses["mcp.example"] = ["10.0.0.1"];
      expect((await fetch(elsewhere)).status).toBe(200);
    });
  });

  it("is said in the refusal, with what to do, and without the query", async () => {
    const { message } = await failureOf(guarded().fetch("https://10.0.0.1/x?key=s3cr3t"));
    expect(message).toMatch(/"10\.0\.0\.1" is a private address.*`issuer`/);
    expect(message).not.toContain("s3cr3t");
  });
});
