/**
 * What the tests of sessions share: servers and sessions that stop by themselves.
 */
import { type Guard, type McpTestServer, mcpServerV1, mcpServerV2, sseServer } from "@sallyport/testkit";
import { onTestFinished } from "vitest";
import type { AuthConfig, HttpServerConfig } from "../../src/config/types.ts";
import type { McpSdk } from "../../src/mcp/sdk.ts";
import { sdkV1 } from "../../src/mcp/sdk-v1.ts";
import { sdkV2 } from "../../src/mcp/sdk-v2.ts";
import { Session } from "../../src/mcp/session.ts";
import type { SessionOptions } from "../../src/mcp/session-options.ts";

/** A parsed HTTP server, as `parseServerConfig` gives it. */
export function httpServer(url: string, more: Partial<HttpServerConfig> = {}): HttpServerConfig {
  return { kind: "http", url, transport: "auto", headers: {}, auth: undefined, ...more };
}

/** A session that is closed when the test ends. */
export function session(url: string, options: SessionOptions = {}, more: Partial<HttpServerConfig> = {}): Session {
  const made = new Session(httpServer(url, more), { timeoutMs: 10_000, ...options });
  onTestFinished(() => made.close());
  return made;
}

/** Close a server when the test ends. */
export async function running<Server extends { close(): Promise<void> }>(starting: Promise<Server>): Promise<Server> {
  const server = await starting;
  onTestFinished(() => server.close());
  return server;
}

export const sdks: readonly McpSdk[] = [sdkV1, sdkV2];

export const bearer: AuthConfig = { type: "bearer", token: "demo-token" };
export const apiKey: AuthConfig = { type: "apiKey", key: "demo-key", name: "X-API-Key", in: "header" };

/** One kind of server, and what a session with it looks like. */
export interface ServerKind {
  readonly name: string;
  start(guard?: Guard): Promise<McpTestServer>;
  readonly transport: "http" | "sse";
  protocolVersion(sdk: McpSdk): string;
  /** Whether it can say that a list has changed. */
  readonly notifies: (sdk: McpSdk) => boolean;
}

const latestOf2025 = (): string => "2025-11-25";

const serverKinds: readonly ServerKind[] = [
  {
    name: "SDK 2.x server",
    start: (guard) => mcpServerV2({ guard }),
    transport: "http",
    protocolVersion: (sdk) => (sdk === sdkV2 ? "2026-07-28" : "2025-11-25"),
    // It serves 2025 clients without a stream of its own.
    notifies: (sdk) => sdk === sdkV2,
  },
  {
    name: "SDK 2.x server, 2026-07-28 alone",
    start: (guard) => mcpServerV2({ guard, eras: "modern" }),
    transport: "http",
    protocolVersion: () => "2026-07-28",
    notifies: () => true,
  },
  {
    name: "SDK 1.x server with sessions",
    start: (guard) => mcpServerV1({ guard }),
    transport: "http",
    protocolVersion: latestOf2025,
    notifies: () => true,
  },
  {
    name: "SDK 1.x server without sessions",
    start: (guard) => mcpServerV1({ guard, stateful: false }),
    transport: "http",
    protocolVersion: latestOf2025,
    notifies: () => false,
  },
  {
    name: "old HTTP+SSE server",
    start: (guard) => sseServer({ guard }),
    transport: "sse",
    protocolVersion: latestOf2025,
    notifies: () => true,
  },
];

/** Every pair that can work: SDK 1.x does not speak 2026-07-28. */
export const pairs: readonly { readonly sdk: McpSdk; readonly kind: ServerKind; readonly name: string }[] =
  sdks.flatMap((sdk) =>
    serverKinds
      .filter((kind) => sdk === sdkV2 || kind.protocolVersion(sdk) !== "2026-07-28")
      .map((kind) => ({ sdk, kind, name: `${sdk.name} with ${kind.name}` })),
  );
