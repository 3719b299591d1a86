/**
 * Guesses at a server: over real HTTP, through the gate alone, and when the limiter itself fails.
 */
import { describe, expect, it } from "vitest";
import { newKey } from "../../src/api-keys/key-format.ts";
import {
  type Attempt,
  type AttemptLimiter,
  addressBehindProxies,
  apiKeys,
  attemptLimiter,
  basicProvider,
  createAuthGate,
  hashPassword,
  MCPServer,
  memoryKeyStore,
} from "../../src/index.ts";
import { callTool, post } from "../messages.ts";
import { request } from "../raw-http.ts";
import { TableAuth } from "../servers.ts";

const perAddress = { failures: 3, seconds: 60 };
const perAccount = { failures: 2, seconds: 60 };

type Entry = Awaited<ReturnType<ReturnType<typeof createAuthGate>>>;
const status = (entry: Entry): number => ("response" in entry ? entry.response.status : 200);
const call = (token?: string): Request => post("http://127.0.0.1/mcp", callTool("2026", "whoami"), token);

describe("over HTTP", () => {
  it("guesses from an address are answered with 429, and who was in stays in", async () => {
    const auth = apiKeys({ store: memoryKeyStore() });
    const { key } = await auth.create();
    const server = new MCPServer({ name: "t", version: "1.0.0", auth, limiter: attemptLimiter({ perAddress }) });
    const listening = await server.listen(0);
    const ask = (token: string, ...lines: string[]): ReturnType<typeof request> =>
      request(listening.port, "/mcp", [`Authorization: Bearer ${token}`, ...lines]);
    try {
      expect((await ask(key)).status).not.toBe(401);
      // X-Forwarded-For is not believed: each of these says that it is somebody else.
      for (let guess = 0; guess < 3; guess += 1) {
        expect((await ask(`nobody-${guess}`, `X-Forwarded-For: 192.0.2.${guess}`)).status).toBe(401);
      }
      const refused = await ask("nobody", "X-Forwarded-For: 192.0.2.99");
      expect(refused.status).toBe(429);
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(50);
      expect(refused.headers["www-authenticate"]).toBeUndefined();
      expect(JSON.parse(refused.body)).toMatchObject({ error: "too_many_requests" });
      expect([401, 429]).not.toContain((await ask(key)).status);
      // Without a credential there is nothing to guess, and the client learns how to get one.
      expect((await request(listening.port, "/mcp")).status).toBe(401);
    } finally {
      await listening.close();
    }
  });

  it("behind a proxy each client is counted by itself", async () => {
    const gate = createAuthGate(new TableAuth(), {
      limiter: attemptLimiter({ perAddress }),
      clientAddress: addressBehindProxies(1),
    });
    const from = async (address: string): Promise<number> => {
      const incoming = call("nobody");
      incoming.headers.set("x-forwarded-for", `6.6.6.6, ${address}`);
      return status(await gate(incoming, { remoteAddress: "10.0.0.1" }));
    };
    for (let guess = 0; guess < 3; guess += 1) expect(await from("192.0.2.1")).toBe(401);
    expect(await from("192.0.2.1")).toBe(429);
    expect(await from("192.0.2.2")).toBe(401);
  });
});

describe("by account", () => {
  it("guesses at a key are counted by its id, wherever they come from", async () => {
    const auth = apiKeys({ store: memoryKeyStore() });
    const { key, id } = await auth.create();
    const { key: late } = await auth.create();
    const gate = createAuthGate(auth, { limiter: attemptLimiter({ perAccount }) });
    const from = async (remoteAddress: string, token: string): Promise<number> =>
      status(await gate(call(token), { remoteAddress }));
    expect(await from("192.0.2.1", key)).toBe(200);
    expect(await from("192.0.2.2", newKey("sp", id))).toBe(401);
    expect(await from("192.0.2.3", newKey("sp", id))).toBe(401);
    expect(await from("192.0.2.4", newKey("sp", id))).toBe(429);
    expect(await from("192.0.2.4", key)).toBe(200);
    expect(await from("192.0.2.4", late)).toBe(200);
  });

  it("guesses at a password are counted by the user name", async () => {
    const passwordHash = await hashPassword("right");
    const gate = createAuthGate(basicProvider({ ada: { passwordHash } }), { limiter: attemptLimiter({ perAccount }) });
    const as = async (user: string, password: string): Promise<number> => {
      const incoming = call();
      incoming.headers.set("authorization", `Basic ${btoa(`${user}:${password}`)}`);
      return status(await gate(incoming));
    };
    expect(await as("ada", "right")).toBe(200);
    for (const password of ["a", "b"]) expect(await as("ada", password)).toBe(401);
    expect(await as("ada", "c")).toBe(429);
    expect(await as("ada", "right")).toBe(200);
    expect(await as("bob", "right")).toBe(401);
  });
});

describe("a limiter", () => {
  const recording = (): { limiter: AttemptLimiter; told: [Attempt, boolean | undefined][] } => {
    const told: [Attempt, boolean | undefined][] = [];
    const tell = (attempt: Attempt, right?: boolean): number => {
      told.push([attempt, right]);
      return 0;
    };
    return { limiter: { before: tell, after: tell }, told };
  };

  it("is never shown a credential, and is told what came of each", async () => {
    const { limiter, told } = recording();
    const gate = createAuthGate(new TableAuth({ scopes: ["base"] }), { limiter, verifyTimeoutMs: 50 });
    for (const token of ["good-token", "unscoped", "nobody", "expired", "throws", "hangs"]) await gate(call(token));
    expect(told.filter(([, right]) => right === undefined)).toHaveLength(6);
    // Nothing is known of what could not be judged; too few scopes are no guess.
    expect(told.flatMap(([, right]) => right ?? [])).toEqual([true, true, false, false]);
    expect(JSON.stringify(told)).not.toMatch(/good-token|unscoped|nobody/);
    for (const [{ credential }] of told) expect(credential).toMatch(/^[\w-]{16}$/);
  });

  it("is not asked about what is no credential", async () => {
    const { limiter, told } = recording();
    const gate = createAuthGate(new TableAuth(), { limiter });
    await gate(call());
    const malformed = call();
    malformed.headers.set("authorization", "Bearer two words");
    await gate(malformed);
    await gate(new Request("http://127.0.0.1/mcp?access_token=x"));
    expect(told).toEqual([]);
  });

  const broken = async (): Promise<never> => {
    throw new Error("limiter");
  };
  it.each([
    ["rejects", broken],
    [
      "throws",
      () => {
        throw new Error("limiter");
      },
    ],
    ["answers with something else", () => Number.NaN],
    ["hangs", () => new Promise<never>(() => {})],
  ])(
    "that %s stands in nobody's way, and lets nobody in",
    async (_, fails) => {
      const errors: unknown[] = [];
      const gate = createAuthGate(new TableAuth(), {
        limiter: { before: fails, after: fails },
        onError: (error) => errors.push(error),
      });
      expect(
        await Promise.all([gate(call("good-token")), gate(call("nobody"))].map(async (each) => status(await each))),
      ).toEqual([200, 401]);
      if (_ !== "answers with something else") expect(errors.length).toBeGreaterThan(0);
    },
    20_000,
  );

  it("gets the address of the connection when `clientAddress` fails", async () => {
    const { limiter, told } = recording();
    const clientAddress = (): never => {
      throw new Error("address");
    };
    const gate = createAuthGate(new TableAuth(), { limiter, clientAddress });
    await gate(call("nobody"), { remoteAddress: "::ffff:192.0.2.1" });
    expect(told[0]?.[0].address).toBe("192.0.2.1");
  });
});
