/** An AbortSignal reaches every leg, and nothing is left behind: design §4. */
import { describe, expect, it, vi } from "vitest";
import { type Auth, BearerAuth, createAuthFetch } from "../../src/index.ts";
import { gate } from "../support/gate.ts";
import { start } from "../support/start.ts";

describe("aborting", () => {
  it("reaches a request that waits for its answer, and its server", async () => {
    const arrived = gate();
    const server = await start(() => arrived.open());
    const controller = new AbortController();
    const call = createAuthFetch(new BearerAuth("t-1"))(server.url, { signal: controller.signal });
    await arrived.passed;
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await vi.waitFor(() => expect(server.requests[0]?.abandoned).toBe(true));
  });

  it("reaches the body of the answer after the call", async () => {
    const server = await start((_, response) => void response.write("first"));
    const controller = new AbortController();
    const response = await createAuthFetch(new BearerAuth("t-1"))(server.url, { signal: controller.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    controller.abort(new Error("enough"));
    await expect(reader?.read()).rejects.toThrow("enough");
  });

  it("does not wait for a scheme that waits, and closes it when it comes back", async () => {
    const held = gate();
    const ended = vi.fn();
    const signals: AbortSignal[] = [];
    const auth: Auth = {
      async *authFlow(request) {
        signals.push(request.signal);
        try {
          await held.passed;
          yield request;
        } finally {
          ended();
        }
      },
    };
    const controller = new AbortController();
    const call = createAuthFetch(auth)("http://127.0.0.1:1/", { signal: controller.signal });
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(signals[0]?.aborted).toBe(true);
    held.open();
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
  });

  it("before the call sends nothing", async () => {
    const server = await start();
    const call = createAuthFetch(new BearerAuth("t-1"))(server.url, { signal: AbortSignal.abort(new Error("early")) });
    await expect(call).rejects.toThrow("early");
    expect(server.requests).toEqual([]);
  });

  it("leaves no listener behind on a signal that outlives its calls", async () => {
    const server = await start();
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    const send = vi.fn(async () => new Response());
    const slow = () => new Promise<string>((resolve) => setImmediate(resolve, "t-1"));
    const fetch = createAuthFetch(new BearerAuth(slow), { fetch: send });
    for (let count = 0; count < 5; count += 1) await fetch(server.url, { signal });
    expect(add).toHaveBeenCalledTimes(5);
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener));
  });

  it("costs no listener where nothing is waited for", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const headers = { "X-A": "a-1", "X-B": "b-1" };
    const fetch = createAuthFetch(new BearerAuth("t-1"), { fetch: async () => new Response(), headers });
    await fetch("http://127.0.0.1:1/", { method: "POST", body: "{}", signal });
    expect(add).not.toHaveBeenCalled();
  });
});
