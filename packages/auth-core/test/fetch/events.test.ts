/** What happens on the wire, told without a credential: pain 30. */
import { describe, expect, it, vi } from "vitest";
import { type AuthEvent, BearerAuth, createAuthFetch } from "../../src/index.ts";
import { start } from "../support/start.ts";

describe("events", () => {
  it("tell each request and response, without a credential (pain 30)", async () => {
    const server = await start(
      ({ headers }, response) => void response.writeHead(headers.authorization?.includes("2") ? 200 : 401).end(),
    );
    const events: AuthEvent[] = [];
    let count = 0;
    const auth = new BearerAuth(() => `t-marker-${++count}`);
    const fetch = createAuthFetch(auth, { onEvent: (event) => events.push(event), headers: { "X-Key": "k-marker" } });
    await fetch(`${server.url}/a?sessionId=s-marker&flag-marker#h`, { headers: { "mcp-session-id": "m-marker" } });
    const url = `${server.url}/a?sessionId=••••&••••`;
    const credentials = { authorization: "Bearer ••••", "mcp-session-id": "••••", "x-key": "••••" };
    expect(events).toEqual([
      { type: "request", attempt: 1, method: "GET", url, credentials },
      { type: "response", attempt: 1, status: 401, url, milliseconds: expect.any(Number) },
      { type: "request", attempt: 2, method: "GET", url, credentials },
      { type: "response", attempt: 2, status: 200, url, milliseconds: expect.any(Number) },
    ]);
    expect(JSON.stringify(events)).not.toContain("marker");
  });

  it.each<[string, string]>([
    ["Basic dTpw", "Basic ••••"],
    ["my-secret and more", "••••"],
    ["secret", "••••"],
  ])("show of Authorization %j only %j", async (value, shown) => {
    const server = await start();
    const events: AuthEvent[] = [];
    const fetch = createAuthFetch(undefined, {
      headers: { Authorization: value },
      onEvent: (event) => events.push(event),
    });
    await fetch(server.url);
    expect(events[0]).toMatchObject({ credentials: { authorization: shown } });
  });

  it("that the listener fails on do not fail the request", async () => {
    const server = await start();
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    for (const onEvent of [
      () => {
        throw new Error("listener");
      },
      async () => {
        throw new Error("listener");
      },
    ]) {
      const response = await createAuthFetch(new BearerAuth("t-1"), { onEvent })(server.url);
      expect(await response.text()).toBe("ok");
    }
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
