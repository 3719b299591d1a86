/**
 * Serves over the process's own stdin and stdout. The credential comes from the environment and the same provider verifies
 * it, before anything is served. MCP Authorization: stdio implementations take credentials from the environment.
 */
import type { McpServer } from "@modelcontextprotocol/server";
import { SallyportError } from "@sallyport/auth-core";
import type { Gate } from "../gate/gate.ts";
import type { AccessToken } from "../token/access-token.ts";
import { AuthenticationError, InsufficientScopeError } from "../token/errors.ts";
import type { Exchange } from "./tools.ts";

/** Options of `stdio`. */
export interface StdioOptions {
  /** Name of the environment variable that holds the credential. Needed when the server has `auth`. */
  readonly env?: string;
  /** The environment. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A server on stdin and stdout. It ends by itself when its client closes stdin. */
export interface StdioServer {
  close(): Promise<void>;
}

export async function serveOverStdio(
  gate: Gate | undefined,
  createServer: (exchange: Exchange) => McpServer,
  onError: (error: unknown) => void,
  options: StdioOptions,
): Promise<StdioServer> {
  const token = gate && (await verifyEnvironment(gate, options));
  const { serveStdio } = await import("@modelcontextprotocol/server/stdio");
  return serveStdio(() => createServer({ token }), { onerror: onError });
}

async function verifyEnvironment(gate: Gate, { env, environment }: StdioOptions): Promise<AccessToken> {
  if (env === undefined) {
    throw new SallyportError(
      "config_invalid",
      'stdio: this server has `auth`, so name the environment variable that holds the credential: stdio({ env: "MCP_TOKEN" }).',
    );
  }
  const credential = (environment ?? process.env)[env] ?? "";
  if (credential === "") {
    throw new AuthenticationError(
      `The environment variable ${env} is not set or empty. Set it to the credential for this server.`,
    );
  }
  const verdict = await gate.judge(credential);
  if ("token" in verdict) return verdict.token;
  switch (verdict.refusal.reason) {
    case "insufficient_scope":
      throw new InsufficientScopeError(verdict.refusal.scopes);
    case "temporarily_unavailable":
      throw new SallyportError(
        "temporarily_unavailable",
        `The credential in ${env} could not be verified. Try again; the server's onError says why.`,
      );
    default:
      throw new AuthenticationError(
        `The credential in the environment variable ${env} is invalid or expired. Replace it.`,
      );
  }
}
