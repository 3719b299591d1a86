/**
 * A session over HTTP that owns its network: its certificates and its proxy, and the connections made with them.
 */
import type { HttpServerConfig } from "@sallyport/auth-core";
import { Session, type SessionOptions } from "@sallyport/auth-core/mcp";
import type { Environment } from "./environment.ts";
import { Network } from "./network/network.ts";
import { nodeSecrets } from "./secrets/node-secrets.ts";
import { type SignInOptions, signInPorts } from "./sign-in.ts";

/** Options of a {@link HttpSession}. */
export interface HttpSessionOptions
  extends Omit<SessionOptions, "account" | "fetch" | "interaction" | "resolveHost" | "store">,
    SignInOptions {
  /** Where proxies are named, and the variables of secret sources. Default: `process.env`. */
  readonly env?: Environment | undefined;
}

/**
 * A session with one HTTP server, as `MCPClient` makes them: with the `tls` and `proxy` of its entry, and the proxies of
 * the environment. Closing it closes its connections.
 *
 * @example
 * ```ts
 * import { type HttpServerConfig, parseServerConfig } from "@sallyport/auth-core";
 * import { HttpSession } from "@sallyport/client-node";
 *
 * const tls = { cert: "client.pem", key: "client-key.pem", ca: "ca.pem" };
 * const server = parseServerConfig({ url: "https://mcp.internal/mcp", tls }) as HttpServerConfig;
 * const session = await new HttpSession(server, { name: "internal" }).connect();
 * await session.close();
 * ```
 */
export class HttpSession extends Session {
  readonly #network: Network;

  /** Nothing is read or sent before the first use. Throws what `createAuth` throws for the server's `auth`. */
  constructor(server: HttpServerConfig, options: HttpSessionOptions = {}) {
    const { env = process.env, secrets = nodeSecrets({ env }), interaction, store, account, ...rest } = options;
    const network = new Network(server, { name: rest.name, secrets, env });
    const ports = signInPorts(server, { interaction, store, account }, env);
    super(server, { ...rest, ...ports, secrets, fetch: network.fetch });
    this.#network = network;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#network.close();
  }
}
