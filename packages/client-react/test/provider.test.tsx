import { mcpServerV1, mcpServerV2, requireBearer } from "@sallyport/testkit";
import { act, cleanup, render, screen } from "@testing-library/react";
import { Component, memo, type ReactElement, type ReactNode, StrictMode } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type McpConfig, McpProvider, McpServers, useMcpServer, useMcpServers } from "../src/index.ts";
import { eventually, start } from "./harness.ts";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

/** How often each server's component rendered. */
const renders = new Map<string, number>();

const Status = memo(function Status({ name }: { name: string }): ReactElement {
  const { state, error, serverInfo, retry } = useMcpServer(name);
  renders.set(name, (renders.get(name) ?? 0) + 1);
  return (
    <button type="button" onClick={retry} aria-label={name}>
      {error?.message ?? (state === "ready" ? serverInfo?.name : state)}
    </button>
  );
});

function AllServers(): ReactNode {
  return useMcpServers().map((name) => <Status key={name} name={name} />);
}

/** Shows what went wrong below it. */
class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error === undefined ? this.props.children : <p role="alert">{this.state.error.message}</p>;
  }
}

const text = (name: string): string | null => screen.getByRole("button", { name }).textContent;

describe("McpProvider", () => {
  it("connects to every server of a configuration, whatever the spelling of its keys", async () => {
    const v2 = await start(mcpServerV2({ guard: requireBearer("t-1") }));
    const v1 = await start(mcpServerV1());
    const config = { mcpServers: { modern: { url: v2.url, auth_token: "t-1" }, classic: { url: v1.url } } };
    const { unmount } = render(
      <StrictMode>
        <McpProvider config={config}>
          <AllServers />
        </McpProvider>
      </StrictMode>,
    );
    await eventually(() => expect([text("modern"), text("classic")]).toEqual(["testkit-v2", "testkit-v1"]));
    expect(v1.sessionIds()).toHaveLength(1);
    unmount();
    await eventually(() => expect(v1.sessionIds()).toEqual([]));
  });

  it("shows what is wrong with one entry at that server alone, with its path", async () => {
    const server = await start(mcpServerV2());
    const mcpServers = { good: { url: server.url }, bad: { url: server.url, authTokn: "t" }, none: null };
    const config = { mcp_servers: mcpServers } as object as McpConfig;
    render(
      <McpProvider config={config}>
        <AllServers />
      </McpProvider>,
    );
    await eventually(() => expect(text("good")).toBe("testkit-v2"));
    await eventually(() => expect(text("bad")).toContain("mcpServers.bad.authTokn"));
    expect(text("bad")).toContain("authToken");
    await eventually(() => expect(text("none")).toContain("mcpServers.none"));
  });

  it("renders only the component whose server has changed", async () => {
    const server = await start(mcpServerV2());
    const mcpServers = Object.fromEntries([1, 2, 3].map((number) => [`s${number}`, { url: server.url }]));
    render(
      <McpProvider config={{ mcpServers }}>
        <AllServers />
      </McpProvider>,
    );
    const names = Object.keys(mcpServers);
    await eventually(() => expect(names.map(text)).toEqual(names.map(() => "testkit-v2")));
    const before = new Map(renders);
    act(() => screen.getByRole("button", { name: "s2" }).click());
    await eventually(() => expect(text("s2")).toBe("testkit-v2"));
    await eventually(() => expect(renders.get("s2")).toBeGreaterThan(before.get("s2") ?? 0));
    expect([renders.get("s1"), renders.get("s3")]).toEqual([before.get("s1"), before.get("s3")]);
  });

  it("keeps the connections of entries that are still the same when the configuration changes", async () => {
    const kept = await start(mcpServerV1());
    const removed = await start(mcpServerV1());
    const added = await start(mcpServerV1());
    const page = (mcpServers: McpConfig["mcpServers"]) => (
      <McpProvider config={{ mcpServers }}>
        <AllServers />
      </McpProvider>
    );
    const { rerender } = render(page({ kept: { url: kept.url }, removed: { url: removed.url } }));
    await eventually(() => expect([text("kept"), text("removed")]).toEqual(["testkit-v1", "testkit-v1"]));
    const ids = kept.sessionIds();

    rerender(page({ kept: { url: kept.url }, removed: { url: removed.url } }));
    rerender(page({ kept: { url: kept.url }, added: { url: added.url } }));
    await eventually(() => expect([text("kept"), text("added")]).toEqual(["testkit-v1", "testkit-v1"]));
    await eventually(() => expect(removed.sessionIds()).toEqual([]));
    expect(kept.sessionIds()).toEqual(ids);
    expect(screen.queryByRole("button", { name: "removed" })).toBeNull();
  });

  it("connects to a disabled server only for a component that uses it", async () => {
    const server = await start(mcpServerV2());
    const resting = await start(mcpServerV2());
    const config = { mcpServers: { used: { url: server.url }, resting: { url: resting.url, disabled: true } } };
    const page = (name: string) => (
      <McpProvider config={config}>
        <Status name={name} />
      </McpProvider>
    );
    const { rerender } = render(page("used"));
    await eventually(() => expect(text("used")).toBe("testkit-v2"));
    expect(resting.requests).toEqual([]);
    rerender(page("resting"));
    await eventually(() => expect(text("resting")).toBe("testkit-v2"));
  });

  it("takes an instance, which can be used without React", async () => {
    const server = await start(mcpServerV2());
    const servers = new McpServers({ mcpServers: { only: { url: server.url } } }, { clientName: "Notes" });
    render(
      <McpProvider servers={servers}>
        <AllServers />
      </McpProvider>,
    );
    await eventually(() => expect(text("only")).toBe("testkit-v2"));
    expect(servers.get("only").getState().state).toBe("ready");
    expect(servers.names).toEqual(["only"]);
  });
});

describe("what goes wrong while rendering", () => {
  const messageOf = (page: ReactElement): string | null => {
    // React reports what a boundary caught.
    vi.spyOn(console, "error").mockImplementation(() => {});
    render(<Boundary>{page}</Boundary>);
    return screen.getByRole("alert").textContent;
  };

  it("says what to do without a provider", () => {
    expect(messageOf(<Status name="api" />)).toBe(
      "useMcpServer() was called outside of <McpProvider>. Wrap the components that use it in <McpProvider config={{ mcpServers: … }}>.",
    );
  });

  it("names the servers there are", () => {
    const config = { mcpServers: { api: { url: "http://127.0.0.1:9/mcp" }, notes: { url: "http://127.0.0.1:9/mcp" } } };
    const page = (
      <McpProvider config={config}>
        <Status name="apo" />
      </McpProvider>
    );
    expect(messageOf(page)).toBe('There is no server "apo" in `mcpServers`. It has "api", "notes".');
  });

  it("refuses a configuration without servers", () => {
    const page = <McpProvider config={{ servers: {} } as unknown as McpConfig} />;
    expect(messageOf(page)).toBe("mcpServers: Expected an object that maps names to servers.");
  });
});
