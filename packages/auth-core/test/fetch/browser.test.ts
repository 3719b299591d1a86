/** The authenticated fetch in a real browser, which hides redirects and guards headers: design §4, TOK-10, BRW-01. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Handler, listen, type RunningServer } from "@sallyport/testkit";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

let home: RunningServer;
let other: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const script = await bundle();
  other = await listen(openToAll((_, response) => void response.end("other")));
  home = await listen(({ url, body }, response) => {
    if (url === "/") response.setHeader("content-type", "text/html").end("<!doctype html>");
    else if (url === "/script.js") response.setHeader("content-type", "text/javascript").end(script);
    else if (url === "/elsewhere") response.writeHead(307, { location: `${other.url}/` }).end();
    else if (url === "/near") response.writeHead(307, { location: "/" }).end();
    else if (url.endsWith("key=old")) response.writeHead(401).end();
    else response.end(body);
  });
  const executablePath = process.env["SALLYPORT_BROWSER"];
  if (executablePath === undefined)
    throw new Error("SALLYPORT_BROWSER names no browser: run npm test, which finds one.");
  // Chromium refuses its sandbox to root.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath, args: [...sandbox, "--disable-background-networking"] });
  page = await browser.newPage();
  await page.goto(home.url);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await Promise.all([home?.close(), other?.close()]);
});

it("sends the credential, and hands over the answer", async () => {
  expect(await run(`send(createAuthFetch(new BearerAuth("t-1")), "/echo", { method: "POST", body: "b" })`)).toBe(
    "200 b",
  );
  expect(home.requests.at(-1)?.headers).toMatchObject({
    authorization: "Bearer t-1",
    "content-type": "text/plain;charset=UTF-8",
  });
});

it.each(["/elsewhere", "/near"])("refuses the redirect of %s, whose target nobody shows", async (path) => {
  const before = other.requests.length;
  const outcome = await run(`send(createAuthFetch(new ApiKeyAuth("k-1")), "${path}", { method: "POST", body: "b" })`);
  expect(outcome).toBe("redirect_refused");
  expect(home.requests.at(-1)).toMatchObject({ url: path, headers: { "x-api-key": "k-1" } });
  expect(other.requests).toHaveLength(before);
});

it("leaves a redirect to the browser when nothing goes along", async () => {
  expect(await run(`send(createAuthFetch(undefined), "/elsewhere", { method: "POST", body: "b" })`)).toBe("200 other");
});

it("says which headers a page cannot set", async () => {
  expect(await run(`send(createAuthFetch(new CookieAuth("c", "session")), "/echo")`)).toBe("auth_unsupported");
  expect(await run(`send(createAuthFetch(undefined, { headers: { Host: "a" } }), "/echo")`)).toBe("auth_unsupported");
});

it("repeats a form with its boundary, and a request with a key in its query", async () => {
  const twice = "{ async *authFlow(request) { yield request; yield request; } }";
  const form = `(() => { const form = new FormData(); form.set("a", new File(["b"], "c")); return form; })()`;
  await run(`send(createAuthFetch(${twice}), "/echo", { method: "POST", body: ${form} })`);
  const [first, second] = home.requests.slice(-2);
  const boundary = /boundary=(.+)$/.exec(first?.headers["content-type"] ?? "")?.[1];
  expect(first?.body).toContain(`--${boundary}--`);
  expect(second?.body).toBe(first?.body);

  const rotating = `new QueryParamAuth((keys => () => keys.shift())(["old", "new"]), "key")`;
  expect(await run(`send(createAuthFetch(${rotating}), "/echo", { method: "POST", body: "b" })`)).toBe("200 b");
  expect(home.requests.slice(-2).map(({ url, body }) => [url, body])).toEqual([
    ["/echo?key=old", "b"],
    ["/echo?key=new", "b"],
  ]);
});

/** The status and text of an answer, or the code of an error. */
async function run(expression: string): Promise<unknown> {
  return page.evaluate(`(async () => {
    const { ApiKeyAuth, BearerAuth, CookieAuth, createAuthFetch, QueryParamAuth } = await import("/script.js");
    const send = async (fetch, path, init) => {
      const response = await fetch(new URL(path, location.href), init);
      return response.status + " " + (await response.text());
    };
    return ${expression}.catch((error) => error.code ?? String(error));
  })()`);
}

/** Lets pages of other origins read the answers, and send any header: whatever stops a credential is not CORS. */
function openToAll(handler: Handler): Handler {
  return (request, response, incoming) => {
    response
      .setHeader("access-control-allow-origin", "*")
      .setHeader("access-control-allow-headers", "*, authorization");
    return request.method === "OPTIONS" ? void response.end() : handler(request, response, incoming);
  };
}

async function bundle(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "sallyport-browser-"));
  try {
    const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
    await build({
      configFile: false,
      logLevel: "error",
      build: {
        outDir,
        lib: { entry, formats: ["es"], fileName: "script" },
        // One file, so that one is all there is to serve.
        rolldownOptions: { output: { codeSplitting: false } },
      },
    });
    return await readFile(join(outDir, "script.js"), "utf8");
  } finally {
    await rm(outDir, { recursive: true });
  }
}
