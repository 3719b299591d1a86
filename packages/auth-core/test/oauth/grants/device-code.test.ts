/** The device grant: RFC 8628 §3. */
import { None } from "oauth4webapi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SallyportError } from "../../../src/index.ts";
import { deviceCode } from "../../../src/oauth/grants/device-code.ts";
import type { DeviceCode } from "../../../src/oauth/interaction.ts";
import type { TokenSet } from "../../../src/oauth/tokens/token-set.ts";
import { type Answer, answering } from "../../support/authorization-server.ts";
import { failureOf } from "../../support/failure.ts";

afterEach(() => {
  vi.useRealTimers();
});

const start = Date.UTC(2026, 0, 1);
const begun = {
  device_code: "device-code-1",
  user_code: "WDJB-MJHT",
  verification_uri: "https://as.example/device",
  expires_in: 600,
};
const beginning = (changes: Readonly<Record<string, unknown>> = {}) => Response.json({ ...begun, ...changes });
const refused = (error: string) => Response.json({ error }, { status: 400 });
const pending = refused("authorization_pending");
const tokens = Response.json({ access_token: "access-1", token_type: "Bearer" });

/** A grant whose time passes only while it waits. */
function granting(...answers: [Answer, ...Answer[]]) {
  const messages = answering(...answers);
  const shown: DeviceCode[] = [];
  const waited: number[] = [];
  const clock = { time: start };
  const context = {
    ...messages,
    now: () => clock.time,
    server: {
      issuer: "https://as.example",
      token_endpoint: "https://as.example/token",
      device_authorization_endpoint: "https://as.example/begin?x=1",
    },
    identity: { source: "registered" as const, client: { client_id: "client-1" }, authentication: None() },
    resource: "https://mcp.example/mcp",
    scope: "read",
  };
  const ports = {
    show: (code: DeviceCode): void => void shown.push(code),
    wait: async (milliseconds: number): Promise<void> => {
      waited.push(milliseconds);
      clock.time += milliseconds;
    },
  };
  const run = (): Promise<TokenSet> => deviceCode(context, ports);
  return { context, ports, shown, waited, clock, run, sent: messages.sent };
}

describe("a device code", () => {
  it("is shown, and asked for until the person has entered it", async () => {
    const { run, shown, waited, sent } = granting(beginning(), pending, pending, tokens);
    expect(await run()).toMatchObject({ accessToken: "access-1", scope: "read" });
    expect(shown).toEqual([
      { userCode: "WDJB-MJHT", verificationUri: "https://as.example/device", expiresAt: start + 600_000 },
    ]);
    // RFC 8628 §3.2: five seconds unless the server says otherwise, and before the first request, too.
    expect(waited).toEqual([5000, 5000, 5000]);
    expect(sent.map(({ url }) => url)).toEqual([
      "https://as.example/begin?x=1",
      ...Array.from({ length: 3 }, () => "https://as.example/token"),
    ]);
    expect(Object.fromEntries(sent[0]?.form ?? [])).toEqual({
      client_id: "client-1",
      resource: "https://mcp.example/mcp",
      scope: "read",
    });
    expect(Object.fromEntries(sent[1]?.form ?? [])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: "device-code-1",
      client_id: "client-1",
      resource: "https://mcp.example/mcp",
    });
  });

  it("is shown with the address that has it already", async () => {
    const complete = "https://as.example/device?user_code=WDJB-MJHT";
    const { run, shown } = granting(beginning({ verification_uri_complete: complete }), tokens);
    await run();
    expect(shown).toMatchObject([{ verificationUriComplete: complete }]);
  });

  it.each<[unknown, number]>([
    [1, 1000],
    [7, 7000],
    [0.001, 1000],
    [1e9, 300_000],
    [undefined, 5000],
  ])("is asked for at the interval of the server, within bounds: %j", async (interval, milliseconds) => {
    const { run, waited } = granting(beginning({ interval }), tokens);
    await run();
    expect(waited).toEqual([milliseconds]);
  });

  it("is asked for more slowly when the server says so (RFC 8628 §3.5)", async () => {
    const slow = refused("slow_down");
    const { run, waited } = granting(beginning({ interval: 2 }), slow, pending, slow, tokens);
    await run();
    expect(waited).toEqual([2000, 7000, 7000, 12_000]);
  });

  it("is asked for more slowly when the server does not answer (RFC 8628 §3.5)", async () => {
    const lost: Answer = () => Promise.reject(new SallyportError("discovery_failed", "No answer."));
    const broken = new Response("", { status: 502 });
    const { run, waited } = granting(beginning(), lost, broken, tokens);
    expect(await run()).toMatchObject({ accessToken: "access-1" });
    expect(waited).toEqual([5000, 10_000, 15_000]);
  });

  it.each([
    ["expired_token", "authorization_timeout"],
    ["access_denied", "authorization_denied"],
    ["invalid_grant", "token_request_failed"],
    ["invalid_client", "token_request_failed"],
  ])("ends when the server says %s", async (error, code) => {
    const { run, sent } = granting(beginning(), pending, refused(error));
    const failure = await failureOf(run());
    expect(failure.code).toBe(code);
    expect(failure.message).not.toContain("device-code-1");
    expect(sent).toHaveLength(3);
  });

  it("ends when it expires, with a last question at the end", async () => {
    const { run, waited } = granting(beginning({ expires_in: 12 }), pending);
    expect((await failureOf(run())).code).toBe("authorization_timeout");
    expect(waited).toEqual([5000, 5000, 2000]);
  });

  it("ends at some time, whatever the server says", async () => {
    const { run, shown, clock } = granting(beginning({ expires_in: 1e12, interval: 60 }), pending);
    expect((await failureOf(run())).code).toBe("authorization_timeout");
    expect(clock.time).toBe(start + 30 * 60_000);
    expect(shown[0]?.expiresAt).toBe(start + 30 * 60_000);
  });

  it("ends though the clock is set back again and again", async () => {
    const { context, ports, clock, waited } = granting(beginning({ expires_in: 20 }), pending);
    const wait = async (milliseconds: number): Promise<void> => {
      await ports.wait(milliseconds);
      clock.time = start - 3_600_000;
    };
    expect((await failureOf(deviceCode(context, { ...ports, wait }))).code).toBe("authorization_timeout");
    expect(waited).toEqual([5000, 5000, 5000, 5000]);
  });

  it("is asked for once more after the machine has slept: the person may have entered it", async () => {
    const { context, ports, clock } = granting(beginning(), pending, tokens);
    const wait = async (milliseconds: number): Promise<void> => {
      await ports.wait(milliseconds);
      if (clock.time > start + 5000) clock.time += 3_600_000;
    };
    expect(await deviceCode(context, { ...ports, wait })).toMatchObject({ accessToken: "access-1" });
  });

  it("ends when the machine has slept past its end and nobody has entered it", async () => {
    const { context, ports, clock, waited } = granting(beginning(), pending);
    const wait = async (milliseconds: number): Promise<void> => {
      await ports.wait(milliseconds);
      clock.time += 3_600_000;
    };
    expect((await failureOf(deviceCode(context, { ...ports, wait }))).code).toBe("authorization_timeout");
    expect(waited).toEqual([5000]);
  });

  it("is given up when nobody waits any more", async () => {
    const stop = new AbortController();
    const { context, shown, sent } = granting(beginning({ interval: 300 }), tokens);
    const run = deviceCode(
      { ...context, signal: stop.signal },
      {
        show: (code) => {
          shown.push(code);
          queueMicrotask(() => stop.abort("enough"));
        },
      },
    );
    await expect(run).rejects.toBe("enough");
    expect(shown).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  it("is not waited for when it was given up while it was shown", async () => {
    const { context, sent } = granting(beginning({ interval: 300 }), tokens);
    const stop = new AbortController();
    const show = (): void => stop.abort("enough");
    await expect(deviceCode({ ...context, signal: stop.signal }, { show })).rejects.toBe("enough");
    expect(sent).toHaveLength(1);
  });

  it("is waited for by a timer, which leaves nothing behind", async () => {
    vi.useFakeTimers();
    const stop = new AbortController();
    const removed = vi.spyOn(stop.signal, "removeEventListener");
    const { context, sent } = granting(beginning(), tokens);
    const run = deviceCode({ ...context, signal: stop.signal }, { show: () => {} });
    await vi.advanceTimersByTimeAsync(4999);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await run).toMatchObject({ accessToken: "access-1" });
    expect(removed).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that cannot be shown is not asked for", async () => {
    const { context, ports, sent } = granting(beginning(), tokens);
    const show = (): Promise<void> => Promise.reject(new Error("The terminal is gone"));
    await expect(deviceCode(context, { ...ports, show })).rejects.toThrow("The terminal is gone");
    expect(sent).toHaveLength(1);
  });
});

describe("nobody is shown", () => {
  it.each(["javascript:alert(1)", "file:///etc/passwd", "http://as.example/device", "https://a:b@as.example/"])(
    "the address %s (URL-01)",
    async (address) => {
      for (const name of ["verification_uri", "verification_uri_complete"]) {
        const { run, shown } = granting(beginning({ [name]: address }), tokens);
        expect((await failureOf(run())).code).toBe("insecure_url");
        expect(shown).toEqual([]);
      }
    },
  );

  it.each(["\u001b[2J", "A\nB", "A\u202eB", " A", "A ", "x".repeat(100)])("the code %j", async (user_code) => {
    const { run, shown } = granting(beginning({ user_code }), tokens);
    const error = await failureOf(run());
    expect(error.code).toBe("token_request_failed");
    expect(shown).toEqual([]);
  });

  it("a code of a server that has none, and is told what to do", async () => {
    const { context, ports, sent } = granting(beginning(), tokens);
    const { device_authorization_endpoint: _, ...server } = context.server;
    const error = await failureOf(deviceCode({ ...context, server }, ports));
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toContain('Set `grant` to "authorization_code"');
    expect(sent).toEqual([]);
  });

  it.each([
    ["refuses", refused("unauthorized_client")],
    ["answers HTML", new Response("<p>Hello</p>", { headers: { "content-type": "text/html" } })],
    ["leaves the code out", beginning({ device_code: undefined })],
    ["leaves the end out", beginning({ expires_in: undefined })],
  ])("a code of a server that %s", async (_name, answer) => {
    const { run, shown } = granting(answer);
    const error = await failureOf(run());
    expect(error.code).toBe("token_request_failed");
    expect(error.message).toMatch(/^The request for a device code at https:\/\/as\.example\/begin /);
    expect(shown).toEqual([]);
  });
});
