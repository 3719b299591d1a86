// @vitest-environment node
import { renderToString } from "react-dom/server";
import { expect, it, vi } from "vitest";
import { McpProvider, useMcp, useMcpServer } from "../src/index.ts";

function Alone() {
  const { state, tools } = useMcp({ url: "http://127.0.0.1:9/mcp", authToken: "t-1" });
  return <p>{`${state} ${tools.length}`}</p>;
}

function Provided() {
  return <p>{useMcpServer("api").state}</p>;
}

it("renders on a server without a window, and sends nothing", () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  expect("window" in globalThis || "document" in globalThis).toBe(false);
  expect(renderToString(<Alone />)).toBe("<p>discovering 0</p>");
  const page = (
    <McpProvider config={{ mcpServers: { api: { url: "http://127.0.0.1:9/mcp" } } }}>
      <Provided />
    </McpProvider>
  );
  expect(renderToString(page)).toBe("<p>discovering</p>");
  expect(fetch).not.toHaveBeenCalled();
});
