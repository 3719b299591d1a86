/**
 * What the integration tests share: an authorization server and an MCP server behind it, real both, and sessions with it.
 */
import {
  headlessInteraction,
  type OAuthEndpoint,
  type OAuthRequest,
  type ProtectedMcpServer,
  type ProtectedMcpServerOptions,
  protectedMcpServer,
  type RequestLog,
  type TestAuthorizationServer,
  type TestAuthorizationServerOptions,
  testAuthorizationServer,
} from "@sallyport/testkit";
import { expect, onTestFinished, vi } from "vitest";
import { type AuthEvent, memoryStore, type OAuthConfig } from "../../../src/index.ts";
import type { Session, SessionOptions } from "../../../src/mcp/index.ts";
import { running, session } from "../../mcp/sessions.ts";

/** A field of the configuration. */
export type Auth = Omit<OAuthConfig, "type">;

/** An authorization server that must not fail by itself. */
export async function authorizationServer(
  options: TestAuthorizationServerOptions = {},
): Promise<TestAuthorizationServer> {
  const server = await running(testAuthorizationServer(options));
  onTestFinished(() => expect(server.failures).toEqual([]));
  return server;
}

/** Both servers. */
export async function servers(
  options: TestAuthorizationServerOptions = {},
  more: Omit<ProtectedMcpServerOptions, "authorizationServer"> = {},
): Promise<{ as: TestAuthorizationServer; mcp: ProtectedMcpServer }> {
  const as = await authorizationServer(options);
  const mcp = await running(protectedMcpServer({ authorizationServer: as, ...more }));
  return { as, mcp };
}

/** A session that Ada signs in to, and all that happens in it. Its requests may take a minute. */
export function client(
  mcp: ProtectedMcpServer,
  auth: Auth = {},
  options: SessionOptions = {},
): { session: Session; events: AuthEvent[] } {
  const events: AuthEvent[] = [];
  const ports = {
    interaction: headlessInteraction(),
    store: memoryStore(),
    onEvent: (each: AuthEvent) => events.push(each),
    timeoutMs: 60_000,
  };
  return { session: session(mcp.url, { ...ports, ...options }, { auth: { type: "oauth", ...auth } }), events };
}

/** The requests to an endpoint, in order. */
export function requestsTo({ requests }: RequestLog, endpoint: OAuthEndpoint, grant?: string): OAuthRequest[] {
  return requests.filter(
    (request) => request.endpoint === endpoint && (grant === undefined || request.params["grant_type"] === grant),
  );
}

/** The only request to an endpoint. */
export function requestTo(log: RequestLog, endpoint: OAuthEndpoint, grant?: string): OAuthRequest {
  const [request, ...more] = requestsTo(log, endpoint, grant);
  if (request === undefined || more.length > 0) {
    expect.unreachable(`${more.length + (request ? 1 : 0)} requests to ${endpoint} ${grant ?? ""}`);
  }
  return request;
}

/** How the calls of the MCP server went: method, and status. */
export function outcomes({ calls }: ProtectedMcpServer): string[] {
  return calls.map(({ method, status }) => `${method} ${status}`);
}

/** What the MCP server says that the last token it let in is worth. */
export async function lastToken(as: TestAuthorizationServer, { calls }: ProtectedMcpServer) {
  const last = calls.findLast(({ status }) => status === 200);
  return { scheme: last?.scheme, token: last?.token, verified: await as.verify(last?.token ?? "") };
}

/** The header and the claims of a JWT, unverified: the servers verify them. */
export function decoded(jwt: string | undefined): { header: Claims; claims: Claims } {
  const [header, claims] = (jwt ?? "").split(".").map((part) => Buffer.from(part, "base64url").toString());
  return { header: JSON.parse(header ?? ""), claims: JSON.parse(claims ?? "") };
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * Lets the time between two questions for a device code pass at once, for the rest of the test.
 *
 * @returns how long was waited, in milliseconds each.
 */
export function withoutWaiting(): number[] {
  const waits: number[] = [];
  const { setTimeout: wait } = globalThis;
  const spy = vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, milliseconds = 0) => {
    if (milliseconds !== 5000 && milliseconds !== 10_000) return wait(run, milliseconds);
    waits.push(milliseconds);
    return wait(run, 0);
  }) as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
  return waits;
}
