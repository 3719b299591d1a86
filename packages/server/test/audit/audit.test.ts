/**
 * Audit events: one for each decision, of every kind, without a secret and without what could forge a log.
 */
import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import {
  AccessToken,
  type AuditEvent,
  type AuthGateOptions,
  apiKeys,
  auditAttributes,
  BearerAuthProvider,
  basicProvider,
  createAuthGate,
  hashPassword,
  memoryKeyStore,
  pinoAudit,
} from "../../src/index.ts";
import { callTool, eras, post } from "../messages.ts";
import { request } from "../raw-http.ts";
import { good, guessedAt, rows } from "../rows.ts";
import { mailServer, TableAuth, tableLimiter, tableServer, verifierSecret } from "../servers.ts";

/** A gate, and the events that come of one request to it. */
function recorded(auth: BearerAuthProvider, options: AuthGateOptions = {}) {
  const events: AuditEvent[] = [];
  let told = (): void => {};
  const onAudit = (event: AuditEvent): void => {
    events.push(event);
    told();
  };
  const gate = createAuthGate(auth, { verifyTimeoutMs: 50, limiter: tableLimiter, ...options, onAudit });
  return async (incoming: Request, remoteAddress?: string): Promise<AuditEvent> => {
    const next = new Promise<void>((resolve) => {
      told = resolve;
    });
    await gate(incoming, { remoteAddress });
    await next;
    return events.at(-1) as AuditEvent;
  };
}

function call(headers: Record<string, string> = {}, url = "http://127.0.0.1/mcp"): Request {
  return new Request(url, { method: "POST", headers });
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe("an event", () => {
  const ask = recorded(new TableAuth({ scopes: ["base"] }));

  it("says who was admitted, with what, from where", async () => {
    const headers = { ...bearer(good), "user-agent": "client/1.0", "x-request-id": "r-1" };
    const event = await ask(call(headers, "http://127.0.0.1/mcp?session=hunter2"), "192.0.2.1");
    expect(event).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      outcome: "admitted",
      correlationId: "r-1",
      scheme: "Bearer",
      fingerprint: expect.stringMatching(/^[\w-]{16}$/),
      subject: "ada",
      method: "POST",
      path: "/mcp",
      address: "192.0.2.1",
      userAgent: "client/1.0",
    });
  });

  it.each<[Record<string, string>, Partial<AuditEvent>]>([
    [{}, { outcome: "refused", reason: "unauthorized", status: 401 }],
    [bearer("nobody"), { outcome: "refused", reason: "invalid_token", status: 401, scheme: "Bearer" }],
    [bearer("two words"), { outcome: "refused", reason: "invalid_token", status: 401, scheme: "Bearer" }],
    [bearer("a,b"), { outcome: "refused", reason: "invalid_request", status: 400 }],
    [
      bearer("unscoped"),
      { outcome: "refused", reason: "insufficient_scope", status: 403, scheme: "Bearer", requiredScopes: ["base"] },
    ],
    [
      bearer(guessedAt),
      { outcome: "refused", reason: "too_many_attempts", status: 429, scheme: "Bearer", keyId: "toomanyattempts0" },
    ],
    [bearer("throws"), { outcome: "unavailable", reason: "temporarily_unavailable", status: 503, scheme: "Bearer" }],
  ])("says why a request was refused: %#", async (headers, expected) => {
    const { time: _, correlationId, fingerprint, method, path, ...rest } = await ask(call(headers));
    expect(rest).toEqual(expected);
    expect([method, path]).toEqual(["POST", "/mcp"]);
    expect(correlationId).toMatch(/^[0-9a-f-]{36}$/);
    const hasCredential = expected.scheme !== undefined && headers["authorization"] !== "Bearer two words";
    expect(fingerprint === undefined).toBe(!hasCredential);
  });

  it("names the key by its id", async () => {
    const auth = apiKeys({ store: memoryKeyStore() });
    const { key, id } = await auth.create({ subject: "ci" });
    expect(await recorded(auth)(call(bearer(key)))).toMatchObject({ outcome: "admitted", subject: "ci", keyId: id });
    expect(await recorded(auth)(call(bearer(`${key}x`)))).not.toHaveProperty("keyId");
  });

  it("comes for each row of the response table, with the status that the client got, and never shows what was sent", async () => {
    for (const row of rows) {
      const incoming = call({}, `http://127.0.0.1/mcp${row.query ?? ""}`);
      for (const value of row.authorization) incoming.headers.append("authorization", value);
      const event = await ask(incoming);
      expect(event.status, row.name).toBe(row.status);
      for (const value of [...row.authorization, verifierSecret]) {
        const secret = value.replace(/^\w+\s*/, "");
        if (secret.length > 3) expect(JSON.stringify(event), row.name).not.toContain(secret.slice(0, 100));
      }
    }
  });
});

describe("a fingerprint", () => {
  it("is the same for the same token, and another with another key", async () => {
    const of = async (token: string, options: AuthGateOptions = {}): Promise<string | undefined> =>
      (await recorded(new TableAuth(), options)(call(bearer(token)))).fingerprint;
    const shared = { auditKey: "k" };
    expect(await of(good, shared)).toBe(await of(good, shared));
    expect(await of(good, shared)).not.toBe(await of("nobody", shared));
    expect(await of(good, shared)).not.toBe(await of(good, { auditKey: "k2" }));
    // Key and token do not run into each other.
    expect(await of("btoken", { auditKey: "a" })).not.toBe(await of("token", { auditKey: "ab" }));
    expect(await of(good)).not.toBe(await of(good));
  });

  it("of a user name tells nothing of the password, and a name that may be a password typed in the wrong field is not shown", async () => {
    const passwordHash = await hashPassword("right");
    const events: AuditEvent[] = [];
    const done = new Promise<void>((resolve) => {
      const onAudit = (event: AuditEvent): void => void (events.push(event) === 3 && resolve());
      const gate = createAuthGate(basicProvider({ ada: { passwordHash } }), { onAudit });
      const as = (text: string): Promise<unknown> => gate(call({ authorization: `Basic ${btoa(text)}` }));
      as("ada:right")
        .then(() => as("ada:wrong"))
        .then(() => as("hunter2:x"));
    });
    await done;
    const [right, wrong, other] = events;
    expect(right).toMatchObject({ outcome: "admitted", scheme: "Basic", subject: "ada" });
    expect(wrong).toMatchObject({ outcome: "refused", reason: "wrong_password", fingerprint: right?.fingerprint });
    expect(JSON.stringify(other)).not.toContain("hunter2");
    expect(JSON.stringify(events)).not.toMatch(/right"|wrong"/);
  });
});

describe("the correlation id", () => {
  const ask = recorded(new TableAuth());
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const made = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  it.each([
    [{ traceparent: `00-${trace}-00f067aa0ba902b7-01` }, trace],
    [{ traceparent: `01-${trace}-00f067aa0ba902b7-01-later`, "x-request-id": "r-1" }, trace],
    [{ "x-request-id": "01J/ab+c=.:@_-" }, "01J/ab+c=.:@_-"],
    [{ traceparent: `ff-${trace}-00f067aa0ba902b7-01`, "x-request-id": "r-1" }, "r-1"],
    [{ traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` }, made],
    [{ traceparent: `00-${trace}-${"0".repeat(16)}-01` }, made],
    [{ traceparent: `00-${trace.toUpperCase()}-00f067aa0ba902b7-01` }, made],
    [{ traceparent: `00-${trace}-00f067aa0ba902b7-01, 00-${trace}-00f067aa0ba902b7-01` }, made],
    [{ "x-request-id": "" }, made],
    [{ "x-request-id": "two words" }, made],
    [{ "x-request-id": "r\u00e9" }, made],
    [{ "x-request-id": "x".repeat(129) }, made],
    [{ "x-request-id": "a, b" }, made],
  ])("of %j", async (headers, expected) => {
    expect((await ask(call(headers as Record<string, string>))).correlationId).toEqual(
      typeof expected === "string" ? expected : expect.stringMatching(expected),
    );
  });
});

describe("what strangers write", () => {
  class Named extends BearerAuthProvider {
    override async verifyToken(token: string): Promise<AccessToken> {
      return new AccessToken({ token, subject: 'ada"}\n{"level":30,"msg":"admitted root\u2028\u202e\x1b[31m' });
    }
  }

  it("stays on its line, and out of the terminal", async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = pinoAudit(pino({}, stream));
    const server = tableServer({ auth: new Named(), onAudit: log });
    const listening = await server.listen(0);
    const agent = 'evil\t\x9b31m\x85"}{"level":30,"outcome":"admitted"}';
    await request(listening.port, `/mcp/%0aadmitted/${"x".repeat(1000)}`, [
      "Authorization: Bearer t",
      `User-Agent: ${agent}`,
      "X-Request-Id: a\tb",
    ]);
    await listening.close();
    expect(lines).toHaveLength(1);
    const [line = ""] = lines;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
    expect(line.trimEnd()).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    const { auth, msg } = JSON.parse(line) as { auth: AuditEvent; msg: string };
    expect(msg).toBe("auth: admitted");
    expect(auth.userAgent).toBe('evil\ufffd\ufffd31m\ufffd"}{"level":30,"outcome":"admitted"}');
    expect(auth.subject).toBe('ada"}\ufffd{"level":30,"msg":"admitted root\ufffd\ufffd\ufffd[31m');
    expect(auth.path).toHaveLength(257);
    expect(auth.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("a listener", () => {
  const broken = (): never => {
    throw new Error("listener");
  };
  it.each([
    ["throws", broken],
    ["rejects", async () => broken()],
  ])("that %s changes no decision, and that is told", async (_, onAudit) => {
    const told: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      const onError = (error: unknown): void => void (told.push(error) === 2 && resolve());
      const gate = createAuthGate(new TableAuth(), { onAudit, onError });
      gate(call(bearer(good))).then((entry) => expect("token" in entry).toBe(true));
      gate(call(bearer("nobody"))).then((entry) => expect("response" in entry && entry.response.status).toBe(401));
    });
    await both;
    expect(told.map(String)).toEqual(["Error: listener", "Error: listener"]);
  });

  it("that hangs holds nobody up", async () => {
    const gate = createAuthGate(new TableAuth(), { onAudit: () => new Promise(() => {}) });
    expect("token" in (await gate(call(bearer(good))))).toBe(true);
  });
});

describe.each(eras)("a tool that needs more, %s clients", (era) => {
  it.each([
    ["send", ["mail.read", "mail.send"]],
    ["purge", ["mail.read", "mail.purge"]],
  ])("%s: admitted first, then refused, under one correlation id", async (tool, requiredScopes) => {
    const events: AuditEvent[] = [];
    const both = new Promise<void>((resolve) => {
      const onAudit = (event: AuditEvent): void => void (events.push(event) === 2 && resolve());
      const args = tool === "send" ? { to: "bob" } : {};
      mailServer({ onAudit }).fetch(post("http://127.0.0.1/mcp", callTool(era, tool, args), "ada.mail.read"));
    });
    await both;
    expect(events).toMatchObject([
      { outcome: "admitted", subject: "ada" },
      { outcome: "refused", reason: "insufficient_scope", status: 403, subject: "ada", requiredScopes },
    ]);
    expect(events[1]?.correlationId).toBe(events[0]?.correlationId);
    expect(events[1]?.fingerprint).toBe(events[0]?.fingerprint);
  });
});

describe("OpenTelemetry attributes", () => {
  it("have the names of the semantic conventions, and none without a value", () => {
    const base = { time: "2026-01-01T00:00:00.000Z", correlationId: "c" } as const;
    expect(auditAttributes({ ...base, outcome: "admitted", subject: "ada" })).toEqual({
      "sallyport.auth.outcome": "admitted",
      "sallyport.auth.correlation_id": "c",
      "enduser.id": "ada",
    });
    expect(
      auditAttributes({
        ...base,
        outcome: "refused",
        reason: "insufficient_scope",
        status: 403,
        requiredScopes: ["a", "b"],
        scheme: "Bearer",
        fingerprint: "f",
        keyId: "k",
        method: "POST",
        path: "/mcp",
        address: "192.0.2.1",
        userAgent: "ua",
      }),
    ).toEqual({
      "sallyport.auth.outcome": "refused",
      "sallyport.auth.correlation_id": "c",
      "sallyport.auth.scheme": "Bearer",
      "sallyport.auth.fingerprint": "f",
      "sallyport.auth.key_id": "k",
      "sallyport.auth.required_scopes": ["a", "b"],
      "error.type": "insufficient_scope",
      "client.address": "192.0.2.1",
      "user_agent.original": "ua",
      "http.request.method": "POST",
      "http.response.status_code": 403,
      "url.path": "/mcp",
    });
  });
});

it("pino gets the level that fits", () => {
  const lines: [string, string][] = [];
  const at = (level: string) => (_event: object, message: string) => void lines.push([level, message]);
  const log = pinoAudit({ info: at("info"), warn: at("warn"), error: at("error") });
  const base = { time: "", correlationId: "c" };
  log({ ...base, outcome: "admitted" });
  log({ ...base, outcome: "refused", reason: "invalid_token" });
  log({ ...base, outcome: "unavailable", reason: "temporarily_unavailable" });
  expect(lines).toEqual([
    ["info", "auth: admitted"],
    ["warn", "auth: refused, invalid_token"],
    ["error", "auth: could not be verified"],
  ]);
});
