/** Bodies are sent again byte for byte after a challenge and after a redirect: design §4. */
import { describe, expect, it, vi } from "vitest";
import { type Auth, BearerAuth, createAuthFetch } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { gate } from "../support/gate.ts";
import { start } from "../support/start.ts";

/** Sends twice, as after a challenge. */
const twice: Auth = {
  async *authFlow(request) {
    yield request;
    yield request;
  },
};

const bytes = new Uint8Array([0, 1, 2, 255, 254, 13, 10, 0]);

function form(): FormData {
  const data = new FormData();
  data.set("text", "ünï");
  data.set("file", new File([bytes], "a.bin", { type: "application/x-a" }));
  return data;
}

/** The stream that a `fetch` was given as a body. */
function sentStream(init: RequestInit | undefined): ReadableStream<Uint8Array> {
  if (init?.body instanceof ReadableStream) return init.body;
  throw new TypeError("the body is no stream");
}

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(encoder.encode(chunk));
    },
  });
}

async function* generate(): AsyncGenerator<Uint8Array> {
  for (const text of ["one ", "two"]) yield new TextEncoder().encode(text);
}

describe("replay", () => {
  it.each<[string, () => unknown, string | undefined]>([
    ["a string", () => "hëllo", "text/plain;charset=UTF-8"],
    ["an empty string", () => "", "text/plain;charset=UTF-8"],
    ["parameters", () => new URLSearchParams({ a: "b c", d: "ë" }), "application/x-www-form-urlencoded;charset=UTF-8"],
    ["bytes", () => bytes, undefined],
    ["a part of a buffer", () => bytes.subarray(2, 5), undefined],
    ["a buffer", () => bytes.buffer, undefined],
    ["a Blob", () => new Blob([bytes], { type: "application/x-a" }), "application/x-a"],
    ["a stream", () => stream("one ", "two"), undefined],
    ["an async iterable", () => generate(), undefined],
  ])("sends %s as it was, each time", async (_, make, type) => {
    const server = await start(({ url }, response) => {
      const redirect = url === "/" && server.requests.length === 2;
      response.writeHead(redirect ? 307 : 200, redirect ? { location: "/next" } : {}).end();
    });
    const bare = await start();
    await fetch(bare.url, { method: "POST", body: make() as BodyInit, ...{ duplex: "half" } });
    await createAuthFetch(twice)(server.url, { method: "POST", body: make() as BodyInit, ...{ duplex: "half" } });
    expect(server.requests.map(({ url }) => url)).toEqual(["/", "/", "/next", "/next"]);
    for (const request of server.requests) {
      expect(request.body).toBe(bare.requests[0]?.body);
      expect(request.headers["content-type"]).toBe(type);
      expect(request.headers["content-length"]).toBe(bare.requests[0]?.headers["content-length"]);
    }
  });

  it("sends a form with the boundary its content type names, each time the same", async () => {
    const server = await start();
    await createAuthFetch(twice)(server.url, { method: "POST", body: form() });
    const [first, second] = server.requests;
    const boundary = /boundary=(.+)$/.exec(first?.headers["content-type"] ?? "")?.[1];
    expect(first?.body).toContain(`--${boundary}--`);
    expect(first?.body).toContain("ünï");
    expect(second).toMatchObject({ body: first?.body, headers: { "content-type": first?.headers["content-type"] } });
  });

  it("sends the body of a Request again", async () => {
    const server = await start();
    const request = new Request(server.url, { method: "POST", body: form() });
    await createAuthFetch(twice)(request);
    expect(server.requests[0]?.headers["content-type"]).toBe(request.headers.get("content-type"));
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
    expect(server.requests[0]?.headers["content-length"]).toBeDefined();
  });

  it("keeps the caller's content type", async () => {
    const server = await start();
    const init = { method: "POST", headers: { "Content-Type": "application/json" } };
    for (const body of ["{}", new Blob(["{}"], { type: "text/x" }), new URLSearchParams("a=b")]) {
      await createAuthFetch(new BearerAuth("t"))(server.url, { ...init, body });
      expect(server.requests.at(-1)?.headers["content-type"]).toBe("application/json");
    }
  });

  it("is not changed by what happens to the caller's buffer afterwards", async () => {
    const server = await start();
    const mine = new TextEncoder().encode("before");
    const call = createAuthFetch(twice)(server.url, { method: "POST", body: mine });
    mine.fill(0);
    await call;
    expect(server.requests.map(({ body }) => body)).toEqual(["before", "before"]);
  });
});

describe("streams", () => {
  it("are sent as they are read, not first collected", async () => {
    const arrived = gate();
    const echo = await start(({ body }, response) => void response.end(body));
    const send: typeof fetch = async (input, init) => {
      const [first, rest] = sentStream(init).tee();
      await first.getReader().read();
      arrived.open();
      return fetch(input, { ...init, body: rest });
    };
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("first "));
        await arrived.passed;
        controller.enqueue(new TextEncoder().encode("second"));
        controller.close();
      },
    });
    const call = createAuthFetch(new BearerAuth("t"), { fetch: send });
    const response = await call(echo.url, { method: "POST", body, ...{ duplex: "half" } });
    expect(await response.text()).toBe("first second");
  });

  it("are not read ahead of what is sent", async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(1024));
        },
      },
      { highWaterMark: 0 },
    );
    const send = async (_: unknown, init?: RequestInit): Promise<Response> => {
      const reader = sentStream(init).getReader();
      for (let count = 0; count < 3; count += 1) await reader.read();
      await reader.cancel();
      return new Response();
    };
    await createAuthFetch(new BearerAuth("t"), { fetch: send })("https://a.example/", {
      method: "POST",
      body,
      ...{ duplex: "half" },
    });
    expect(pulled).toBe(3);
  });

  it("are sent whole after an answer that came before their end", async () => {
    const more = gate();
    const chunks = ["early ", "late"];
    const cancelled = vi.fn();
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const chunk = chunks.shift();
          if (chunk === "late") await more.passed;
          if (chunk === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(chunk));
        },
        cancel: cancelled,
      },
      { highWaterMark: 0 },
    );
    const sent: string[] = [];
    const send = async (_: unknown, init?: RequestInit): Promise<Response> => {
      const stream = sentStream(init);
      if (sent.length > 0) {
        sent.push(await new Response(stream).text());
        return new Response();
      }
      const reader = stream.getReader();
      sent.push(new TextDecoder().decode((await reader.read()).value));
      // The next chunk is being waited for when the answer ends the upload.
      const waiting = reader.read();
      await reader.cancel();
      await waiting;
      more.open();
      return new Response();
    };
    await createAuthFetch(twice, { fetch: send })("https://a.example/", {
      method: "POST",
      body,
      ...{ duplex: "half" },
    });
    expect(sent).toEqual(["early ", "early late"]);
    expect(cancelled).not.toHaveBeenCalled();
  });

  it.each<[string, (stream: ReadableStream<Uint8Array>) => Promise<Response>]>([
    [
      "the network fails",
      async () => {
        throw new TypeError("fetch failed");
      },
    ],
    [
      "the server answers early",
      async (stream) => {
        await stream.cancel();
        return new Response();
      },
    ],
  ])("are cancelled when %s", async (_, answer) => {
    const cancelled = vi.fn();
    const body = new ReadableStream<Uint8Array>({ cancel: cancelled });
    const fetch = createAuthFetch(new BearerAuth("t"), {
      fetch: (_input, init) => answer(sentStream(init)),
    });
    await fetch("https://a.example/", { method: "POST", body, ...{ duplex: "half" } }).catch(() => {});
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it("are cancelled when the credential cannot be read", async () => {
    const cancelled = vi.fn();
    const body = new ReadableStream<Uint8Array>({ cancel: cancelled });
    const fetch = createAuthFetch(new BearerAuth({ env: "TOKEN" }));
    const error = await failureOf(fetch("https://a.example/", { method: "POST", body, ...{ duplex: "half" } }));
    expect(error.code).toBe("credential_source_failed");
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it("that fail end the call with their own error", async () => {
    const server = await start();
    const body = new ReadableStream<Uint8Array>({
      pull() {
        throw new Error("disk gone");
      },
    });
    const call = createAuthFetch(new BearerAuth("t"))(server.url, { method: "POST", body, ...{ duplex: "half" } });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(`${error} ${error instanceof Error ? error.cause : ""}`).toContain("disk gone");
  });
});
