import { BearerAuth } from "@sallyport/auth-core";
import { listen, mcpServerV1, mcpServerV2, requireBearer } from "@sallyport/testkit";
import { act, cleanup, render, renderHook, screen } from "@testing-library/react";
import { type ReactElement, StrictMode } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type UseMcpOptions, useMcp } from "../src/index.ts";
import { eventually, start } from "./harness.ts";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

/** The hook in a component; `renders` has what each render showed, and for which URL. */
function hook(options: UseMcpOptions, reactStrictMode = false) {
  const renders: { url: string; state: string }[] = [];
  const rendered = renderHook(
    (current: UseMcpOptions) => {
      const result = useMcp(current);
      renders.push({ url: String(current.url), state: result.state });
      return result;
    },
    { initialProps: options, reactStrictMode },
  );
  const state = (wanted: string) => eventually(() => expect(rendered.result.current.state).toBe(wanted));
  return { ...rendered, renders, state };
}

function ErrorCode(): ReactElement {
  const mcp = useMcp({ url: "not a url" });
  return <p role="status">{mcp.state === "failed" ? mcp.error.code : mcp.state}</p>;
}

describe("useMcp", () => {
  it("connects, and calls a tool", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { result, renders, state } = hook({ url: server.url, authToken: "t-1" });
    expect(result.current).toMatchObject({
      state: "discovering",
      tools: [],
      log: [],
      error: undefined,
      authUrl: undefined,
    });
    await state("ready");
    expect(result.current.tools.map((tool) => tool.name)).toContain("echo");
    expect([...new Set(renders.map((render) => render.state))]).toEqual(["discovering", "connecting", "ready"]);
    const answer = await act(() => result.current.callTool("echo", { text: "hello" }));
    expect(answer).toMatchObject({ content: [{ text: "hello" }] });
  });

  it("makes one connection under StrictMode, and leaves none behind", async () => {
    const server = await start(mcpServerV1());
    const { state, unmount } = hook({ url: server.url }, true);
    await state("ready");
    const initialized = server.requests.filter(({ body }) => body.includes('"method":"initialize"'));
    expect(initialized).toHaveLength(1);
    expect(server.sessionIds()).toHaveLength(1);
    unmount();
    await eventually(() => expect(server.sessionIds()).toEqual([]));
  });

  it("gives up a connection under way when it is unmounted", async () => {
    const server = await start(listen(() => new Promise<never>(() => {})));
    const { unmount } = hook({ url: server.url });
    await eventually(() => expect(server.requests).toHaveLength(1));
    unmount();
    await eventually(() => expect(server.requests[0]?.abandoned).toBe(true));
    expect(server.requests).toHaveLength(1);
  });

  it("keeps the connection for equal options in new objects", async () => {
    const server = await start(mcpServerV1({ guard: requireBearer("t-1") }));
    const options = (): UseMcpOptions => ({
      url: new URL(server.url),
      auth: { type: "bearer", token: "t-1" },
      headers: { "x-tenant": "a" },
      fetch: (input, init) => fetch(input, init),
    });
    const { rerender, result, state } = hook(options());
    await state("ready");
    const { callTool, retry } = result.current;
    const requests = server.requests.length;
    for (let count = 0; count < 3; count++) rerender(options());
    expect(result.current).toMatchObject({ state: "ready", callTool, retry });
    await act(() => callTool("echo", { text: "x" }));
    expect(server.requests).toHaveLength(requests + 1);
    expect(server.sessionIds()).toHaveLength(1);
  });

  it("connects anew for another url, auth or header, and never shows the old state with the new options", async () => {
    const first = await start(mcpServerV1());
    const second = await start(mcpServerV1());
    const { rerender, renders, state } = hook({ url: first.url });
    await state("ready");

    const changed: UseMcpOptions[] = [
      { url: second.url },
      { url: second.url, authToken: "t-1" },
      { url: second.url, authToken: "t-2" },
      { url: second.url, authToken: "t-2", headers: { "x-tenant": "b" } },
    ];
    for (const options of changed) {
      renders.length = 0;
      rerender(options);
      expect(renders[0]).toEqual({ url: options.url, state: "discovering" });
      await state("ready");
    }
    await eventually(() => expect([first.sessionIds().length, second.sessionIds().length]).toEqual([0, 1]));
  });

  it.each<[string, (token: string) => Omit<UseMcpOptions, "url">]>([
    ["authToken", (token) => ({ authToken: () => token })],
    ["a header", (token) => ({ headers: { authorization: () => `Bearer ${token}` } })],
    ["all headers", (token) => ({ headers: async () => ({ authorization: `Bearer ${token}` }) })],
  ])("asks the newest function for %s, without connecting anew (pain 19)", async (_, given) => {
    const server = await start(mcpServerV1());
    const options = (token: string): UseMcpOptions => ({ url: server.url, ...given(token) });
    const { rerender, result, state } = hook(options("t-1"));
    await state("ready");
    rerender(options("t-2"));
    expect(result.current.state).toBe("ready");
    await act(() => result.current.callTool("echo", { text: "x" }));
    expect(server.requests.at(-1)?.headers.authorization).toBe("Bearer t-2");
    expect(server.sessionIds()).toHaveLength(1);
  });

  it("shows nothing of a connection that was replaced while it was slow", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = await start(
      listen(async (_request, response) => {
        await held;
        response.writeHead(401).end();
      }),
    );
    const quick = await start(mcpServerV2());
    const { rerender, renders, state } = hook({ url: slow.url });
    await eventually(() => expect(slow.requests).toHaveLength(1));
    rerender({ url: quick.url });
    await state("ready");
    release();
    await eventually(() => expect(slow.requests[0]?.abandoned).toBe(true));
    expect(renders.map((render) => render.state)).not.toContain("failed");
  });

  it("shows why it failed, and tries again", async () => {
    const server = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const { rerender, result, state } = hook({ url: server.url });
    await state("failed");
    expect(result.current.error?.code).toBe("authorization_required");
    await expect(result.current.authenticate()).rejects.toMatchObject({ code: "auth_unsupported" });
    const { retry } = result.current;
    act(() => retry());
    await state("failed");
    expect(result.current.retry).toBe(retry);
    rerender({ url: server.url, authToken: "t-1" });
    await state("ready");
    expect(result.current.error).toBeUndefined();
  });

  it("connects anew for another instance, and says what is wrong with one that is new at each render", async () => {
    const server = await start(mcpServerV1());
    const options = (token: string): UseMcpOptions => ({ url: server.url, auth: new BearerAuth(token) });
    const { rerender, result, state } = hook(options("t-1"));
    await state("ready");
    rerender(options("t-2"));
    expect(result.current.state).toBe("discovering");
    await state("ready");
    await act(() => result.current.callTool("echo", { text: "x" }));
    expect(server.requests.at(-1)?.headers.authorization).toBe("Bearer t-2");

    vi.spyOn(console, "error").mockImplementation(() => {});
    const inline = renderHook(() => useMcp(options("t-1")));
    expect(() => inline.rerender()).toThrow("Create the instance (such as an `Auth`) outside of the component");
  });

  it("narrows error by state", async () => {
    render(
      <StrictMode>
        <ErrorCode />
      </StrictMode>,
    );
    await eventually(() => expect(screen.getByRole("status").textContent).toBe("config_invalid"));
  });
});
