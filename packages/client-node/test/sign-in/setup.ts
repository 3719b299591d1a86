/**
 * What the tests of signing in share: servers, a folder for credentials, and a person at a browser without a screen.
 */
import type { Interaction } from "@sallyport/auth-core";
import {
  type ProtectedMcpServer,
  protectedMcpServer,
  type SignInOptions,
  type TemporaryFolder,
  type TestAuthorizationServer,
  type TestAuthorizationServerOptions,
  temporaryFolder,
  testAuthorizationServer,
} from "@sallyport/testkit";
import { expect, onTestFinished } from "vitest";
import { MCPClient, type MCPClientOptions, type ServerEvent } from "../../src/client.ts";
import { loopbackInteraction } from "../../src/interaction/loopback.ts";
import { fileStore } from "../../src/stores/file-store.ts";

export interface Place {
  readonly as: TestAuthorizationServer;
  readonly mcp: ProtectedMcpServer;
  readonly folder: TemporaryFolder;
}

/** Servers and a folder, gone when the test ends. */
export async function place(
  options: TestAuthorizationServerOptions = {},
  toolScopes: Readonly<Record<string, readonly string[]>> = {},
): Promise<Place> {
  const as = await testAuthorizationServer(options);
  const mcp = await protectedMcpServer({ authorizationServer: as, toolScopes });
  const folder = await temporaryFolder();
  onTestFinished(async () => {
    await mcp.close();
    await as.close();
    await folder.remove();
    expect(as.failures).toEqual([]);
  });
  return { as, mcp, folder };
}

/** A browser that opens when it is told to, goes through the pages, and brings the answer to the listener. */
export function browser(
  as: TestAuthorizationServer,
  options: SignInOptions = {},
): { interaction: Interaction; opened: readonly URL[] } {
  const opened: URL[] = [];
  const failures: unknown[] = [];
  const open = (url: URL): void => {
    opened.push(url);
    // Not waited for, as no program waits for a browser.
    as.signIn(url, { deliver: true, ...options }).catch((error: unknown) => failures.push(error));
  };
  onTestFinished(() => expect(failures).toEqual([]));
  return { interaction: loopbackInteraction({ open, onUrl: () => {}, timeoutMs: 30_000 }), opened };
}

/** A client with one server, `notes`, closed when the test ends, and what it says. */
export function client(
  { mcp, folder }: Place,
  options: MCPClientOptions = {},
  auth: object | undefined = undefined,
): { client: MCPClient; events: ServerEvent[] } {
  const events: ServerEvent[] = [];
  const config = { mcpServers: { notes: { url: mcp.url, ...(auth && { auth }) } } };
  const ports = { store: fileStore(folder.path), onEvent: (event: ServerEvent) => events.push(event) };
  const made = new MCPClient(config, { ...ports, ...options });
  onTestFinished(() => made.closeAllSessions());
  return { client: made, events };
}
