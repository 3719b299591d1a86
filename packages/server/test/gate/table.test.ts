/**
 * Every row of the response table, over every way of serving: node:http byte by byte, `server.fetch`, and the gate alone.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthGate, type Listening } from "../../src/index.ts";
import { callTool, eras, post, textOf } from "../messages.ts";
import { type RawResponse, request } from "../raw-http.ts";
import { good, type Row, rows } from "../rows.ts";
import { TableAuth, tableLimiter, tableServer, verifierSecret } from "../servers.ts";

let listening: Listening;
beforeAll(async () => {
  listening = await tableServer().listen(0);
});
afterAll(() => listening.close());

describe.each(eras)("the table over node:http, %s clients", (era) => {
  it.each(rows)("$name: $status", async (row) => {
    const { headers, body } = callTool(era, "whoami");
    const lines = [
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${body.length}`,
      ...row.authorization.map((value) => `Authorization: ${value}`),
    ];
    const response = await request(listening.port, `/mcp${row.query ?? ""}`, lines, { body: "" });
    if (row.parserStatus !== undefined) expect(response.status).toBe(row.parserStatus);
    else expectRow(response, row);
  });
});

describe.each(eras)("the table over server.fetch, %s clients", (era) => {
  it.each(rows)("$name: $status", async (row) => {
    expectRow(await flatten(await tableServer().fetch(withCredentials(row, era))), row);
  });

  it("lets a valid token through", async () => {
    const response = await tableServer().fetch(post("http://127.0.0.1/mcp", callTool(era, "whoami"), good));
    expect(response.status).toBe(200);
    expect(await textOf(response)).toBe("Hello ada");
  });

  it.each(["bearer", "BEARER", "bEaReR"])("takes the scheme in any case: %s (B50-01)", async (scheme) => {
    const message = callTool(era, "whoami");
    const headers = { ...message.headers, Authorization: `${scheme}   ${good}` };
    const response = await tableServer().fetch(post("http://127.0.0.1/mcp", { ...message, headers }));
    expect(response.status).toBe(200);
  });
});

describe("the table at the gate alone", () => {
  const gate = createAuthGate(new TableAuth({ realm: "test", scopes: ["base"] }), {
    limiter: tableLimiter,
    verifyTimeoutMs: 50,
  });

  it.each(rows)("$name: $status", async (row) => {
    const incoming = withCredentials(row, "2025");
    const result = await gate(incoming);
    if (!("response" in result)) throw new Error("It was let in.");
    expectRow(await flatten(result.response), row);
    expect(incoming.bodyUsed).toBe(false);
  });

  it("gives the token to who may enter, and leaves the body unread", async () => {
    const incoming = post("http://127.0.0.1/mcp", callTool("2026", "whoami"), good);
    const result = await gate(incoming);
    expect("token" in result && result.token.subject).toBe("ada");
    expect(incoming.bodyUsed).toBe(false);
  });
});

describe("what a challenge says about the server", () => {
  const challenge = async (auth: TableAuth, token?: string): Promise<string | null> => {
    const result = await createAuthGate(auth)(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), token));
    return "response" in result ? result.response.headers.get("www-authenticate") : "entered";
  };

  it("is never a bare Bearer (B50-05)", async () => {
    expect(await challenge(new TableAuth())).toBe('Bearer realm="mcp"');
    expect(await challenge(new TableAuth(), "nobody")).toBe('Bearer realm="mcp", error="invalid_token"');
  });

  it("points to the metadata, and then needs no realm (CHL-09)", async () => {
    const resourceMetadata = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
    const auth = new TableAuth({ resourceMetadata, scopes: ["mail.read", "mail.send"] });
    expect(await challenge(auth)).toBe(`Bearer scope="mail.read mail.send", resource_metadata="${resourceMetadata}"`);
    expect(await challenge(auth, "unscoped")).toBe(
      `Bearer error="insufficient_scope", scope="mail.read mail.send", resource_metadata="${resourceMetadata}"`,
    );
  });

  it("quotes a realm that has quotes", async () => {
    expect(await challenge(new TableAuth({ realm: 'the "inner" one' }))).toBe('Bearer realm="the \\"inner\\" one"');
  });
});

describe("a verifier that cannot answer", () => {
  it.each(["throws", "rejects", "hangs", "garbage"])(
    "%s: the operator is told why, the client is not",
    async (token) => {
      const errors: unknown[] = [];
      const server = tableServer({ onError: (error) => errors.push(error) });
      const response = await server.fetch(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), token));
      const all = `${await response.text()}${JSON.stringify([...response.headers])}`;
      expect(response.headers.get("retry-after")).toBe("5");
      expect(all).not.toContain("hunter2");
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(Error);
      if (token === "throws" || token === "rejects") expect(String(errors[0])).toContain(verifierSecret);
      expect(String(errors[0])).not.toContain(good);
    },
  );

  it("is not undone by a listener that throws", async () => {
    const server = tableServer({
      onError: () => {
        throw new Error("listener");
      },
    });
    const response = await server.fetch(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), "throws"));
    expect(response.status).toBe(503);
  });

  it("tells a slow verifier to stop", async () => {
    let aborted: Promise<void> | undefined;
    class Slow extends TableAuth {
      override verifyToken(_token: string, context?: { signal: AbortSignal }): Promise<null> {
        aborted = new Promise((resolve) => context?.signal.addEventListener("abort", () => resolve(), { once: true }));
        return aborted.then(() => null);
      }
    }
    const gate = createAuthGate(new Slow(), { verifyTimeoutMs: 10 });
    const result = await gate(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), good));
    await aborted;
    expect("response" in result && result.response.status).toBe(503);
  });

  it("is never asked about what cannot be a token", async () => {
    const auth = new TableAuth();
    const gate = createAuthGate(auth);
    for (const row of rows.filter(({ error }) => error === "invalid_request" || error === "unauthorized")) {
      await gate(withCredentials(row, "2026"));
    }
    await gate(post("http://127.0.0.1/mcp", callTool("2026", "whoami"), "a".repeat(16_385)));
    expect(auth.seen).toEqual([]);
  });
});

function withCredentials(row: Row, era: "2025" | "2026"): Request {
  const incoming = post(`http://127.0.0.1/mcp${row.query ?? ""}`, callTool(era, "whoami"));
  for (const value of row.authorization) incoming.headers.append("Authorization", value);
  return incoming;
}

async function flatten(response: Response): Promise<RawResponse> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

function expectRow(response: RawResponse, row: Row): void {
  const { error, error_description: description, ...rest } = JSON.parse(response.body) as Record<string, string>;
  expect(response.status).toBe(row.status);
  expect(error).toBe(row.error);
  if (row.description === undefined) expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  else expect(description).toBe(row.description);
  expect(Object.keys(rest)).toEqual(row.error === "insufficient_scope" ? ["scope"] : []);
  expect(response.headers["www-authenticate"] ?? null).toBe(row.challenge);
  expect(response.headers["content-type"]).toBe("application/json");
  expect(response.headers["cache-control"]).toBe("no-store");
  expect(response.headers["retry-after"]).toBe(row.retryAfter);
}
