/**
 * `MCPClient`: named servers from one configuration, and a session to each. Everything that can be wrong with a
 * configuration is reported by the constructor, before a process is started or a request is sent.
 */
import {
  type AuthEvent,
  ConfigError,
  type ConfigProblem,
  parseConfig,
  SallyportError,
  type ServerConfig,
} from "@sallyport/auth-core";
import type { Implementation, McpSdk, Session } from "@sallyport/auth-core/mcp";
import { closestMatch } from "leven";
import { type LoadedConfig, loadConfigFile } from "./config-file.ts";
import { type EnvironmentOptions, resolveEnvironment } from "./environment.ts";
import { nodeSecrets } from "./secrets/node-secrets.ts";
import { ServerSlot } from "./server-slot.ts";
import { SessionsError } from "./sessions-error.ts";
import type { SignInOptions } from "./sign-in.ts";

/** An {@link AuthEvent}, and the server it happened with. */
export type ServerEvent = AuthEvent & { readonly server: string };

/** Options of a client, for all its servers. */
export interface MCPClientOptions extends EnvironmentOptions, SignInOptions {
  /** The MCP SDK line: `sdkV1` from `@sallyport/auth-core/mcp/sdk-v1` for 1.x. Default: 2.x. */
  readonly sdk?: McpSdk | undefined;
  /**
   * Sends the requests to HTTP servers, which may then have neither `tls` nor `proxy`. Default: the global `fetch`, looked
   * up at each request, or one with the server's certificates and proxy.
   */
  readonly fetch?: typeof fetch | undefined;
  /** Told of every request, response and redirect, credentials masked. */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
  /** Told what stdio servers write to their standard error, which is otherwise discarded. May hold secrets. What it throws is ignored. */
  readonly onStderr?: ((server: string, text: string) => void) | undefined;
  /** Who this client says it is. */
  readonly clientInfo?: Implementation | undefined;
  /** Bound on connecting and on each request, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Connects to MCP servers, each with its own authentication.
 *
 * @example
 * ```ts
 * import { MCPClient } from "@sallyport/client-node";
 *
 * const client = new MCPClient("./mcp-config.json");
 * const session = await client.createSession("my-server");
 * await session.callTool("send_email", { to: "user@example.com" });
 * await client.closeAllSessions();
 * ```
 */
export class MCPClient {
  readonly #slots = new Map<string, ServerSlot>();
  readonly #options: MCPClientOptions;
  readonly #env: LoadedConfig["env"];

  /**
   * @param config - path or `file:` URL of a config file, or the configuration itself. In a file `${VAR}` is expanded,
   * and relative paths start at its folder, which is also where its stdio servers and secret commands run; for an
   * object that is the working directory, and nothing is expanded.
   * @throws ConfigError with every problem: `config_invalid`, `config_conflict`, `config_env_missing`, `config_file_unreadable`.
   */
  constructor(config: string | URL | object = { mcpServers: {} }, options: MCPClientOptions = {}) {
    const isFile = typeof config === "string" || config instanceof URL;
    const loaded = isFile ? loadConfigFile(config, options) : loadObject(config, options);
    this.#options = options;
    this.#env = loaded.env;
    this.#add(loaded.config.mcpServers, loaded.baseDir);
  }

  /** The same as `new MCPClient(config, options)` for a configuration as an object. */
  static fromDict(config: object, options: MCPClientOptions = {}): MCPClient {
    return new MCPClient(config, options);
  }

  /** The same as `new MCPClient(path, options)`. */
  static fromConfigFile(path: string | URL, options: MCPClientOptions = {}): MCPClient {
    return new MCPClient(path, options);
  }

  /** The names of all servers, in the order of the configuration. */
  getServerNames(): string[] {
    return [...this.#slots.keys()];
  }

  /**
   * Add a server. Its relative paths start at the working directory.
   *
   * @param config - one entry of `mcpServers`.
   * @throws ConfigError as the constructor does; `config_conflict` when the name is taken.
   */
  addServer(name: string, config: object): void {
    if (this.#slots.has(name)) {
      const message = "There is a server of this name already. Remove it first, or choose another name.";
      throw new ConfigError([{ code: "config_conflict", path: `mcpServers.${name}`, message }]);
    }
    const { mcpServers } = parseConfig({ mcpServers: { [name]: config } }, { env: this.#env });
    this.#add(mcpServers, process.cwd());
  }

  /** Close the server's session and forget the server. Throws `server_unknown`. */
  async removeServer(name: string): Promise<void> {
    const slot = this.#slot(name);
    this.#slots.delete(name);
    await slot.close();
  }

  /**
   * Connect to a server. Until the session is closed it is always the same one, connected again when it has to be.
   *
   * @throws SallyportError `server_unknown`; `authorization_required`, `unauthorized`, `insufficient_scope` from the
   * server; `credential_source_failed`; `auth_unsupported`; `connect_failed`; `session_closed` when it was closed meanwhile.
   */
  async createSession(name: string): Promise<Session> {
    return this.#slot(name).open();
  }

  /**
   * Connect to all servers at the same time, except those that are `disabled`.
   *
   * @returns the sessions by server name, in the order of the configuration.
   * @throws {@link SessionsError} `connect_failed` when any fails, after all have been tried: it holds the failures, and
   * the sessions of the others, which stay connected.
   */
  async createAllSessions(): Promise<Map<string, Session>> {
    const sessions = new Map<string, Session>();
    const failures = new Map<string, Error>();
    const names = this.getServerNames().filter((name) => this.#slot(name).config.disabled !== true);
    const outcomes = await Promise.allSettled(names.map((name) => this.createSession(name)));
    for (const [index, name] of names.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === "fulfilled") sessions.set(name, outcome.value);
      else failures.set(name, outcome?.reason);
    }
    if (failures.size > 0) throw new SessionsError(sessions, failures);
    return sessions;
  }

  /** The server's session while it is connected. Throws `server_unknown`. */
  getSession(name: string): Session | undefined {
    return this.#slot(name).session;
  }

  /** Close the server's session, if there is one. Throws `server_unknown`. */
  async closeSession(name: string): Promise<void> {
    await this.#slot(name).close();
  }

  /** Close every session. Servers that are gone, or do not let go, do not keep the others from being closed. */
  async closeAllSessions(): Promise<void> {
    await Promise.allSettled([...this.#slots.values()].map((slot) => slot.close()));
  }

  /**
   * End the sign-in at a server: its tokens and whatever else is kept for it are forgotten, and its session is closed.
   *
   * @param options.revoke - also tell the authorization server to end the tokens (RFC 7009). Default: `true`.
   * @throws SallyportError `server_unknown`; `auth_unsupported` when the server's authentication has no sign-in to end;
   * `token_request_failed` when the tokens are forgotten here, but could not be revoked; `store_unavailable`.
   */
  async signOut(name: string, options: { readonly revoke?: boolean } = {}): Promise<void> {
    const slot = this.#slot(name);
    const oauth = slot.oauth;
    if (oauth === undefined) throw noSignIn(name);
    await slot.reset();
    await oauth.signOut(options);
  }

  /**
   * Finish a sign-in with the URL that the authorization server has sent the person back to, also when another process
   * has begun it.
   *
   * @param callback - the whole URL, with its query.
   * @throws SallyportError `server_unknown`, `auth_unsupported`, and what `OAuth.finishSignIn` throws.
   */
  async finishSignIn(name: string, callback: string | URL): Promise<void> {
    const oauth = this.#slot(name).oauth;
    if (oauth === undefined) throw noSignIn(name);
    await oauth.finishSignIn(callback);
  }

  #slot(name: string): ServerSlot {
    const slot = this.#slots.get(name);
    if (slot !== undefined) return slot;
    throw unknownServer(name, this.getServerNames());
  }

  #add(servers: Readonly<Record<string, ServerConfig>>, baseDir: string): void {
    const secrets = nodeSecrets({ baseDir, env: this.#env });
    const { account, interaction, store, sdk, fetch, clientInfo, timeoutMs, onEvent, onStderr } = this.#options;
    if (fetch !== undefined) refuseOwnNetwork(servers);
    for (const [name, config] of Object.entries(servers)) {
      const slot = new ServerSlot(config, {
        name,
        baseDir,
        secrets,
        env: this.#env,
        signIn: { account, interaction, store },
        session: {
          sdk,
          fetch,
          clientInfo,
          timeoutMs,
          onEvent: onEvent && ((event) => onEvent({ ...event, server: name })),
        },
        onStderr: onStderr && ((text) => onStderr(name, text)),
      });
      this.#slots.set(name, slot);
    }
  }
}

function noSignIn(name: string): SallyportError<"auth_unsupported"> {
  return new SallyportError(
    "auth_unsupported",
    `There is no sign-in at the server ${JSON.stringify(name)}: its credential comes from the configuration. Remove it there, or revoke it where it was issued.`,
  );
}

function loadObject(input: object, options: EnvironmentOptions): LoadedConfig {
  const baseDir = process.cwd();
  const env = resolveEnvironment(options, baseDir);
  return { config: parseConfig(input, { env }), baseDir, env };
}

/** A `fetch` of the caller's does not know of certificates and proxies: to go without them silently would be unsafe. */
function refuseOwnNetwork(servers: Readonly<Record<string, ServerConfig>>): void {
  const problems = Object.entries(servers).flatMap(([name, config]) =>
    (["tls", "proxy"] as const)
      .filter((key) => config.kind === "http" && config[key])
      .map((key): ConfigProblem => {
        const message = `conflicts with the option \`fetch\`, which would leave it out: remove one of them`;
        return { code: "config_conflict", path: `mcpServers.${name}.${key}`, message };
      }),
  );
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ConfigError([first, ...rest]);
}

function unknownServer(name: string, known: readonly string[]): SallyportError {
  const meant = closestMatch(name, known, { maxDistance: Math.min(3, Math.ceil(name.length / 4)) });
  const advice = meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
  const names = known.map((each) => JSON.stringify(each)).join(", ") || "none";
  return new SallyportError(
    "server_unknown",
    `There is no server ${JSON.stringify(name)}.${advice} Known servers: ${names}.`,
  );
}
